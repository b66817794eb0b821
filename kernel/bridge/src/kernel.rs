//! The kernel's one loop: everything that can wake it, and what it then does. Whatever takes time
//! runs beside it and reports back as an event, so that no request waits for Livy.

use std::{collections::VecDeque, sync::Arc};

use jupyter_wire::{
    Frontend, Parent, Request, Requests,
    content::{ExecuteReply, ExecuteRequest, ExecutionState, InterruptReply, Stream},
};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    cell::Cell,
    completion::Completer,
    earlier::Earlier,
    failure::Failure,
    history::History,
    journal::{self, Record},
    keeper::Keeper,
    kind::Kind,
    progress::AtEnd,
    query::Author,
    source::{self, Source},
    vscode,
};

/// A kernel for one frontend's notebook.
pub struct Kernel {
    pub(crate) kind: Kind,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) frontend: Frontend,
    pub(crate) history: History,
    pub(crate) completer: Arc<Completer>,
    pub(crate) stopping: bool,
    progress: AtEnd,
    requests: Requests,
    events: mpsc::UnboundedReceiver<CellEnd>,
    words: mpsc::UnboundedReceiver<String>,
    cell_ends: mpsc::UnboundedSender<CellEnd>,
    queue: VecDeque<Request>,
    running: Option<Running>,
    /// Of the interrupts that have not ended, since that cell has not.
    interrupts: Vec<Parent>,
    /// The cells that ran when the kernel before this one was killed.
    earlier: Vec<Arc<Earlier>>,
    /// The newest cell that shows anything.
    shown: Option<Parent>,
    count: u32,
}

/// The cell that runs now.
struct Running {
    request: Arc<Request>,
    count: u32,
    stop_on_error: bool,
    user_expressions: Map<String, Value>,
    interrupt: CancellationToken,
}

/// What a cell's task reports.
enum CellEnd {
    /// Of the one that runs now.
    Now(Result<(), Failure>),
    /// Of the earlier kernel's, which is answered as it would have been.
    Earlier(Running, Result<(), Failure>),
}

enum Event {
    Request(Request),
    CellEnd(CellEnd),
    /// Something to be said though nobody has asked.
    Word(String),
    /// The process was asked to end, or the channels have.
    Stop,
}

impl Kernel {
    /// A kernel that has run nothing.
    pub fn new(
        kind: Kind,
        keeper: Arc<Keeper>,
        history: History,
        progress: AtEnd,
        words: mpsc::UnboundedReceiver<String>,
        requests: Requests,
        frontend: Frontend,
    ) -> Self {
        let (cell_ends, events) = mpsc::unbounded_channel();
        Self {
            kind,
            completer: Arc::new(Completer::new(kind, Arc::clone(&keeper))),
            keeper,
            frontend,
            history,
            stopping: false,
            progress,
            requests,
            events,
            words,
            cell_ends,
            queue: VecDeque::new(),
            running: None,
            interrupts: Vec::new(),
            earlier: Vec::new(),
            shown: None,
            count: 0,
        }
    }

    /// Answers requests until it is told to shut down, by a request or by `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        self.frontend.status(&Parent::none(), ExecutionState::Starting);
        if let Some(record) = self.keeper.inherited() {
            self.take_over(record);
        }
        while !self.stopping {
            let event = self.next_event(&mut stop).await;
            self.handle_event(event);
        }
        self.end_interrupts();
    }

    /// Control comes first, then what has ended, and new work last.
    async fn next_event(&mut self, stop: &mut (impl Future<Output = ()> + Unpin)) -> Event {
        tokio::select! {
            biased;
            () = stop => Event::Stop,
            request = self.requests.control.recv() => request.map_or(Event::Stop, Event::Request),
            Some(end) = self.events.recv() => Event::CellEnd(end),
            Some(word) = self.words.recv() => Event::Word(word),
            request = self.requests.shell.recv() => request.map_or(Event::Stop, Event::Request),
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Request(request) => self.handle_request(request),
            Event::CellEnd(CellEnd::Now(result)) => self.end_cell(result),
            Event::CellEnd(CellEnd::Earlier(running, result)) => {
                self.answer_cell(&running, result);
            }
            Event::Word(word) => self.say(word),
            Event::Stop => self.stopping = true,
        }
    }

    /// Says something where a person looks: below the cell that runs, or the one that ran last, which
    /// frontends still listen for.
    fn say(&self, word: String) {
        if let Some(parent) = &self.shown {
            self.frontend.publish_now(parent, &Stream::stderr(word));
        }
    }

    /// Queues a cell; it runs when those before it have ended.
    pub(crate) fn enqueue(&mut self, request: Request) {
        self.queue.push_back(request);
        self.run_next();
    }

    /// Goes on where a kernel was that is dead.
    fn take_over(&mut self, record: Record) {
        self.count = record.count;
        self.keeper.journal.adopt(&record);
        self.keeper.take_back(record.session, record.own);
        for cell in record.cells {
            if let Some(request) = cell.asked.request() {
                self.resume(cell, request);
            }
        }
    }

    fn resume(&mut self, cell: journal::Running, request: Request) {
        let (frontend, outputs) = self.frontend.with_copies();
        let (interrupt, request) = (CancellationToken::new(), Arc::new(request));
        let earlier = Earlier::new((*request).clone(), cell.count, outputs, interrupt.clone());
        self.earlier.push(Arc::new(earlier));
        let resumed = Cell {
            kernel: self.kind,
            source: Source { kind: cell.kind, head: None, code: String::new() },
            author: Author::Kernel,
            left: cell.left,
            unasked: None,
            input: String::new(),
            count: cell.count,
            silent: cell.silent,
            request: Some(Arc::clone(&request)),
            earlier: Vec::new(),
            may_ask: true,
            progress: AtEnd::Never,
            history: Some(self.history.clone()),
            keeper: Arc::clone(&self.keeper),
            frontend,
            parent: request.parent(),
            interrupt: interrupt.clone(),
        };
        let running = Running {
            request,
            count: cell.count,
            stop_on_error: false,
            user_expressions: Map::new(),
            interrupt,
        };
        let ends = self.cell_ends.clone();
        tokio::spawn(async move {
            let result = outcome(resumed.resume(cell)).await;
            // It fails only when the kernel has stopped.
            let _ = ends.send(CellEnd::Earlier(running, result));
        });
    }

    /// Whoever asks what kernel this is does not wait for answers to older questions.
    pub(crate) fn frontend_begins(&self, request: &Request) {
        for earlier in &self.earlier {
            earlier.frontend_begins(request);
        }
    }

    /// Stops the cell that runs, if one does. The kernel is not idle before that has ended: frontends
    /// take any idle for the kernel's, and a console would show its next prompt.
    pub(crate) fn interrupt(&mut self, request: Request) {
        let parent = request.parent();
        self.frontend.status(&parent, ExecutionState::Busy);
        for earlier in &self.earlier {
            earlier.interrupt(request.header().date());
        }
        self.frontend.reply(&request, &InterruptReply {});
        self.interrupts.push(parent);
        match &self.running {
            Some(running) => running.interrupt.cancel(),
            None => self.end_interrupts(),
        }
    }

    fn end_interrupts(&mut self) {
        for parent in self.interrupts.drain(..) {
            self.frontend.status(&parent, ExecutionState::Idle);
        }
    }

    /// Of those cells, the ones that a cell which is asked for so has to show.
    fn news_for(&self, request: &Request) -> Vec<Arc<Earlier>> {
        self.earlier.iter().filter(|earlier| earlier.is_news_to(request)).cloned().collect()
    }

    fn run_next(&mut self) {
        while self.running.is_none()
            && let Some(request) = self.queue.pop_front()
        {
            self.begin(request);
        }
    }

    fn begin(&mut self, request: Request) {
        let parent = request.parent();
        self.frontend.status(&parent, ExecutionState::Busy);
        match request.content::<ExecuteRequest>() {
            Ok(content) => self.begin_cell(request, content),
            Err(error) => {
                self.frontend.error_reply(&request, "BadRequest", &error.to_string());
                self.frontend.status(&parent, ExecutionState::Idle);
            }
        }
    }

    fn begin_cell(&mut self, request: Request, content: ExecuteRequest) {
        let counted = !content.silent && content.store_history && !content.code.trim().is_empty();
        if counted {
            self.count += 1;
            self.keeper.journal.count(self.count);
            self.history.add(self.count, &content.code);
        }
        if !content.silent {
            self.shown = Some(request.parent());
        }
        let request = Arc::new(request);
        let interrupt = CancellationToken::new();
        let cell = Cell {
            kernel: self.kind,
            source: source::read(&content.code, self.kind),
            author: Author::Person,
            left: 0,
            unasked: vscode::answer(self.kind, &content),
            input: content.code,
            count: self.count,
            silent: content.silent,
            request: Some(Arc::clone(&request)),
            earlier: match content.silent {
                true => Vec::new(),
                false => self.news_for(&request),
            },
            may_ask: content.allow_stdin,
            progress: self.progress,
            history: counted.then(|| self.history.clone()),
            keeper: Arc::clone(&self.keeper),
            frontend: self.frontend.clone(),
            parent: request.parent(),
            interrupt: interrupt.clone(),
        };
        self.running = Some(Running {
            request,
            count: self.count,
            stop_on_error: content.stop_on_error,
            user_expressions: content.user_expressions,
            interrupt,
        });
        tokio::spawn(report(cell, self.cell_ends.clone()));
    }

    fn end_cell(&mut self, result: Result<(), Failure>) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.completer.forget();
        let abort = match result.is_err() && running.stop_on_error {
            // Before the reply is sent: what arrives in answer to it was not queued.
            true => self.take_queued(),
            false => VecDeque::new(),
        };
        self.answer_cell(&running, result);
        self.end_interrupts();
        for request in abort {
            self.abort(&request);
        }
        self.run_next();
    }

    fn answer_cell(&self, running: &Running, result: Result<(), Failure>) {
        self.frontend.reply(&running.request, &reply(running, result));
        self.frontend.status(&running.request.parent(), ExecutionState::Idle);
        let request = Arc::clone(&running.request);
        self.keeper.note_departure(move |journal| journal.answered(&request.envelope()));
    }

    /// The cells that were sent before a failure was known, which must not run on its ruins.
    fn take_queued(&mut self) -> VecDeque<Request> {
        let mut queued = std::mem::take(&mut self.queue);
        while let Ok(request) = self.requests.shell.try_recv() {
            match request.msg_type() {
                "execute_request" => queued.push_back(request),
                _ => self.handle_request(request),
            }
        }
        queued
    }

    fn abort(&self, request: &Request) {
        let parent = request.parent();
        self.frontend.status(&parent, ExecutionState::Busy);
        self.frontend.reply(request, &ExecuteReply::Aborted { execution_count: self.count });
        self.frontend.status(&parent, ExecutionState::Idle);
    }
}

/// Runs a cell beside the loop.
async fn report(cell: Cell, ends: mpsc::UnboundedSender<CellEnd>) {
    let result = outcome(cell.run()).await;
    // It fails only when the kernel has stopped.
    let _ = ends.send(CellEnd::Now(result));
}

/// Should the kernel's own code panic, the cell still ends.
async fn outcome(
    cell: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Failure> {
    tokio::spawn(cell).await.unwrap_or_else(|panic| {
        tracing::error!("a cell's task failed: {panic}");
        let what = "the kernel itself failed while it ran this cell";
        Err(Failure::new("KernelError", what, "Please report it with the kernel's log."))
    })
}

fn reply(running: &Running, result: Result<(), Failure>) -> ExecuteReply {
    let execution_count = running.count;
    match result {
        Ok(()) => ExecuteReply::Ok {
            execution_count,
            payload: Vec::new(),
            user_expressions: unsupported(&running.user_expressions),
        },
        Err(Failure { ename, evalue, traceback }) => {
            ExecuteReply::Error { execution_count, ename, evalue, traceback }
        }
    }
}

/// Nothing can be evaluated beside a statement, so each expression is answered by an error.
fn unsupported(expressions: &Map<String, Value>) -> Map<String, Value> {
    let error = json!({
        "status": "error",
        "ename": "NotImplementedError",
        "evalue": "user_expressions are not evaluated over Livy",
        "traceback": [],
    });
    expressions.keys().map(|name| (name.clone(), error.clone())).collect()
}
