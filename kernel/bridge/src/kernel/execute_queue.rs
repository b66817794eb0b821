//! The cells that run and wait: one runs at a time, an error aborts those that wait, and an interrupt
//! is idle when the cell that it stops has ended.

use std::{collections::VecDeque, mem, pin::Pin, sync::Arc};

use jupyter_wire::{
    ExecutionState, Frontend, Parent, Request,
    content::{ExecuteReply, ExecuteRequest, InterruptReply, Stream},
};
use serde_json::Map;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::{
    cell::{self, CellReply, CellRequest, KernelContext, Place, ResumedCell},
    display::sink::OutputSink,
    error::CellError,
    kernel::{
        resumed_cells::ResumedCells,
        running_cell::{self, RunningCell},
    },
    platform::task,
    session::journal::{self, Journal},
    visible::visible,
};

/// Runs one cell and shows what it gives.
pub type CellRunner = Arc<dyn Fn(CellRequest, OutputSink) -> CellRun + Send + Sync>;
/// The run of one cell, and how it ended.
pub type CellRun = Pin<Box<dyn Future<Output = Result<CellReply, CellError>> + Send>>;

/// What a cell's task reports.
pub enum CellEnd {
    /// The cell that runs has ended.
    Running(Result<CellReply, CellError>),
    /// A resumed cell has ended, which is answered as by the kernel that was killed.
    Resumed(RunningCell, Result<CellReply, CellError>),
}

/// The cells that run and wait.
pub struct ExecuteQueue {
    context: KernelContext,
    frontend: Frontend,
    runner: CellRunner,
    ends: UnboundedSender<CellEnd>,
    /// With their places among the messages for comms.
    waiting: VecDeque<(Request, Place)>,
    running: Option<RunningCell>,
    /// Parents of interrupt requests whose `idle` waits for the running cell to end.
    interrupts: Vec<Parent>,
    resumed: ResumedCells,
    /// The newest cell.
    newest: Option<Parent>,
    execution_count: u32,
}

impl ExecuteQueue {
    /// A queue without cells.
    pub fn new(
        context: KernelContext,
        frontend: Frontend,
        runner: CellRunner,
        ends: UnboundedSender<CellEnd>,
    ) -> Self {
        Self {
            context,
            frontend,
            runner,
            ends,
            waiting: VecDeque::new(),
            running: None,
            interrupts: Vec::new(),
            resumed: ResumedCells::default(),
            newest: None,
            execution_count: 0,
        }
    }

    /// Queues a cell; it runs when those before it have ended.
    pub fn enqueue(&mut self, request: Request) {
        self.waiting.push_back((request, self.context.comms.place_of_cell()));
        self.run_next();
    }

    /// The number of cells that were counted.
    pub fn execution_count(&self) -> u32 {
        self.execution_count
    }

    /// What is cancelled when the running cell has ended, if one runs.
    pub fn running_cell_end(&self) -> Option<CancellationToken> {
        self.running.as_ref().map(|cell| cell.ended.clone())
    }

    /// Stops the cell that runs, if one does. The kernel is not idle before that has ended: frontends
    /// take any idle for the kernel's, and a console would show its next prompt.
    pub fn interrupt(&mut self, request: &Request) {
        let parent = request.parent();
        self.frontend.status(&parent, ExecutionState::Busy);
        self.resumed.interrupt(request);
        self.frontend.reply(request, &InterruptReply {});
        self.interrupts.push(parent);
        match &self.running {
            Some(running) => running.interrupt.cancel(),
            None => self.end_interrupts(),
        }
    }

    /// Interrupts the cell that runs, since the kernel ends.
    pub fn stop(&mut self) {
        if let Some(running) = &self.running {
            running.interrupt.cancel();
        }
        self.end_interrupts();
    }

    /// Ends the interrupts that wait for the running cell.
    pub fn end_interrupts(&mut self) {
        for parent in self.interrupts.drain(..) {
            self.frontend.status(&parent, ExecutionState::Idle);
        }
    }

    /// Shows a text where the user looks: below the cell that runs, or the one that ran last, to which
    /// frontends still listen.
    pub fn show_notice(&self, text: &str) {
        if let Some(parent) = &self.newest {
            self.frontend.publish_now(parent, &Stream::stderr(visible(text)));
        }
    }

    /// Whether the end of the running cell aborts the cells that were sent until now: they must not run
    /// after an error that their author did not know, and after an `exit()`.
    pub fn aborts_after(&self, end: &CellEnd) -> bool {
        match (&self.running, end) {
            (Some(running), CellEnd::Running(Err(_))) => running.stop_on_error,
            (Some(_), CellEnd::Running(Ok(reply))) => reply.asks_exit(),
            _ => false,
        }
    }

    /// Answers a cell that has ended, aborts the cells that wait if its error is to do that, and runs the
    /// next one.
    pub fn end_cell(&mut self, end: CellEnd) {
        let aborted = match self.aborts_after(&end) {
            true => mem::take(&mut self.waiting),
            false => VecDeque::new(),
        };
        match end {
            CellEnd::Resumed(cell, result) => return self.answer(&cell, result),
            CellEnd::Running(result) => {
                if let Some(cell) = self.running.take() {
                    self.answer(&cell, result);
                }
            }
        }
        self.end_interrupts();
        for (request, _) in aborted {
            self.abort(&request);
        }
        self.run_next();
    }

    fn answer(&self, cell: &RunningCell, result: Result<CellReply, CellError>) {
        self.frontend.reply(&cell.request, &running_cell::reply(cell.execution_count, result));
        self.frontend.status(&cell.request.parent(), ExecutionState::Idle);
        cell.ended.cancel();
        let request = Arc::clone(&cell.request);
        let note = move |journal: &Journal| journal.answered(&request.envelope());
        self.context.sessions.journal.note_departure(&self.frontend, note);
    }

    fn abort(&self, request: &Request) {
        let parent = request.parent();
        self.frontend.status(&parent, ExecutionState::Busy);
        let reply = ExecuteReply::Aborted { execution_count: self.execution_count };
        self.frontend.reply(request, &reply);
        self.frontend.status(&parent, ExecutionState::Idle);
    }

    fn run_next(&mut self) {
        while self.running.is_none()
            && let Some((request, place)) = self.waiting.pop_front()
        {
            let parent = request.parent();
            self.frontend.status(&parent, ExecutionState::Busy);
            match request.content::<ExecuteRequest>() {
                Ok(content) => self.start(request, place, content),
                Err(error) => {
                    self.frontend.error_reply(&request, "BadRequest", &error.to_string());
                    self.frontend.status(&parent, ExecutionState::Idle);
                }
            }
        }
    }

    fn start(&mut self, request: Request, place: Place, content: ExecuteRequest) {
        let is_counted = self.count(&content);
        self.newest = Some(request.parent());
        let resumed = self.resumed.take_shown_by(&request);
        let request = Arc::new(request);
        let interrupt = CancellationToken::new();
        let (frontend, parent) = (self.frontend.clone(), request.parent());
        let sink = OutputSink::new(frontend, parent, self.execution_count, false)
            .remembering(is_counted.then(|| self.context.history.clone()));
        let asked = CellRequest {
            request: Some(Arc::clone(&request)),
            code: content.code,
            number: is_counted.then_some(self.execution_count),
            user_expressions: content.user_expressions,
            allow_stdin: content.allow_stdin,
            place,
            resumed,
            interrupt: interrupt.clone(),
        };
        self.running = Some(RunningCell {
            request,
            execution_count: self.execution_count,
            stop_on_error: content.stop_on_error,
            interrupt,
            ended: CancellationToken::new(),
        });
        let run = (self.runner)(asked, sink);
        self.spawn("it ran a cell", run, CellEnd::Running);
    }

    /// Counts a cell, and adds it to the history, if it is one that the user has written.
    fn count(&mut self, content: &ExecuteRequest) -> bool {
        let is_counted = content.store_history && !content.code.trim().is_empty();
        if is_counted {
            self.execution_count = self.execution_count.saturating_add(1);
            self.context.sessions.journal.count(self.execution_count);
            self.context.history.add(self.execution_count, &content.code);
        }
        is_counted
    }

    /// Runs a cell beside the loop. Should the kernel's own code panic, the cell still ends.
    fn spawn(
        &self,
        doing: &'static str,
        run: CellRun,
        end: impl FnOnce(Result<CellReply, CellError>) -> CellEnd + Send + 'static,
    ) {
        let ends = self.ends.clone();
        task::spawn_detached(doing, async move {
            let result = task::catch_panic("it ran this cell", run).await;
            // It fails only when the kernel has stopped.
            let _ = ends.send(end(result.unwrap_or_else(|died| Err(died.into()))));
        });
    }

    /// Notes that the frontend which sent this request starts to talk to this kernel.
    pub fn frontend_starts(&self, request: &Request) {
        self.resumed.frontend_starts(request);
    }

    /// Goes on where a kernel was that was killed, if this kernel is in its place.
    pub async fn resume_cells(&mut self) {
        let sessions = &self.context.sessions;
        let Some(record) = sessions.inherited().await else { return };
        self.execution_count = record.count;
        self.context.comms.note_use();
        sessions.journal.adopt(&record);
        sessions.recover(record.session, record.origin, &record.server);
        for entry in record.cells {
            if let Some(request) = entry.asked.request() {
                self.resume(entry, Arc::new(request));
            }
        }
    }

    fn resume(&mut self, entry: journal::Running, request: Arc<Request>) {
        let (frontend, outputs) = self.frontend.with_copies();
        let (interrupt, execution_count) = (CancellationToken::new(), entry.count);
        let old = (*request).clone();
        self.resumed.push(ResumedCell::new(old, execution_count, outputs, interrupt.clone()));
        let sink = OutputSink::new(frontend, request.parent(), execution_count, entry.silent)
            .remembering(Some(self.context.history.clone()));
        let asked = CellRequest {
            request: Some(Arc::clone(&request)),
            code: String::new(),
            number: None,
            user_expressions: Map::new(),
            allow_stdin: true,
            place: Place::default(),
            resumed: Vec::new(),
            interrupt: interrupt.clone(),
        };
        let ended = CancellationToken::new();
        let cell = RunningCell { request, execution_count, stop_on_error: false, interrupt, ended };
        let context = self.context.clone();
        let run = Box::pin(async move { cell::resume(&context, &asked, &sink, &entry).await });
        self.spawn("it resumed a cell", run, |result| CellEnd::Resumed(cell, result));
    }
}
