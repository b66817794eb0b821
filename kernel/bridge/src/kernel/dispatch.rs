//! Which handler answers which request. Every request is busy, answered and idle, whatever its handler
//! does.

use std::sync::Arc;

use jupyter_wire::{
    Frontend, Request,
    content::{
        CommInfoReply, CommInfoRequest, CompleteRequest, Completeness, ExecutionState, HelpLink,
        HistoryReply, HistoryRequest, InspectRequest, IsCompleteReply, IsCompleteRequest,
        KernelInfoReply, ShutdownReply, ShutdownRequest, UsageReply, UsageRequest,
    },
};
use serde::de::DeserializeOwned;

use crate::{
    cell::{CommRequests, KernelContext},
    completion::Completer,
    history::History,
    kernel::{
        background_reply,
        execute_queue::{CellEnd, ExecuteQueue},
        unasked_requests::UnaskedRequests,
        usage,
    },
    kind::Kind,
    language::completeness,
    platform::task,
    session::Manager,
};

/// Hands each request to its handler.
pub struct Dispatcher {
    kind: Kind,
    frontend: Frontend,
    history: History,
    completer: Arc<Completer>,
    sessions: Arc<Manager>,
    unasked: UnaskedRequests,
    comms: CommRequests,
    /// The cells that run and wait.
    pub queue: ExecuteQueue,
    /// Whether a frontend has asked the kernel to shut down.
    pub is_stopping: bool,
}

impl Dispatcher {
    /// A dispatcher for a kernel that starts.
    pub fn new(context: &KernelContext, frontend: Frontend, queue: ExecuteQueue) -> Self {
        let (sessions, local) = (Arc::clone(&context.sessions), context.local_python.clone());
        let completer = Completer::new(context.kind, sessions, local);
        Self {
            kind: context.kind,
            unasked: UnaskedRequests::new(context, frontend.clone()),
            comms: CommRequests::new(context, frontend.clone()),
            frontend,
            history: context.history.clone(),
            completer: Arc::new(completer),
            sessions: Arc::clone(&context.sessions),
            queue,
            is_stopping: false,
        }
    }

    /// Answers a request, or sees to it that it will be answered: cells queue, completion asks Livy, the
    /// history reads a disk, the driver measures itself, a grammar may have much to read, and an interrupt ends with its cell.
    pub fn handle(&mut self, request: Request) {
        match request.msg_type() {
            "execute_request" => self.execute(request),
            "complete_request" => self.complete(request),
            "inspect_request" => self.inspect(request),
            "is_complete_request" => self.is_complete(request),
            "usage_request" => self.measure_usage(request),
            "history_request" => self.look_up_history(request),
            "interrupt_request" => {
                self.comms.interrupt();
                self.queue.interrupt(&request);
            }
            "comm_open" | "comm_msg" | "comm_close" => self.comms.take(request),
            "comm_info_request" if self.comms.are_used() => self.list_comms(request),
            _ => self.answer(&request),
        }
    }

    /// Cells queue; what tools run by themselves does not.
    fn execute(&mut self, request: Request) {
        match self.unasked.read(request) {
            Ok(unasked) => {
                let (count, end) = (self.queue.execution_count(), self.queue.running_cell_end());
                self.unasked.answer(unasked, count, end);
            }
            Err(cell) => self.queue.enqueue(cell),
        }
    }

    /// Answers the cell that has ended. Completion forgets what it knows, since the cell may have
    /// changed it.
    pub fn end_cell(&mut self, end: CellEnd) {
        if matches!(end, CellEnd::Running(_)) {
            self.completer.forget();
        }
        self.queue.end_cell(end);
    }

    fn answer(&mut self, request: &Request) {
        self.frontend.status(&request.parent(), ExecutionState::Busy);
        self.route(request);
        self.frontend.status(&request.parent(), ExecutionState::Idle);
    }

    fn route(&mut self, request: &Request) {
        match request.msg_type() {
            "kernel_info_request" => {
                self.queue.frontend_starts(request);
                self.frontend.reply(request, &info(self.kind));
            }
            "comm_info_request" => self.frontend.reply(request, &CommInfoReply::default()),
            "shutdown_request" => self.with(request, Self::shut_down),
            unknown => tracing::warn!("a request of unknown type is not answered: {unknown:?}"),
        }
    }

    /// Reads a request's content for its handler; what cannot be read is answered by an error.
    fn with<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        handler: fn(&mut Self, &Request, T),
    ) {
        match request.content() {
            Ok(content) => handler(self, request, content),
            Err(error) => self.frontend.error_reply(request, "BadRequest", &error.to_string()),
        }
    }

    fn shut_down(&mut self, request: &Request, content: ShutdownRequest) {
        self.frontend.reply(request, &ShutdownReply { restart: content.restart });
        if content.restart {
            self.sessions.note_restart();
        }
        self.is_stopping = true;
    }

    fn complete(&self, request: Request) {
        let completer = Arc::clone(&self.completer);
        background_reply::answer(
            self.frontend.clone(),
            request,
            |asked: CompleteRequest| async move {
                completer.complete(&asked.code, asked.cursor_pos).await
            },
        );
    }

    fn is_complete(&self, request: Request) {
        let kind = self.kind;
        background_reply::answer(
            self.frontend.clone(),
            request,
            move |asked: IsCompleteRequest| async move {
                let judge = move || completeness::judge(&asked.code, kind);
                let judging = task::run_blocking("it asked whether code is complete", judge);
                judging.await.unwrap_or_else(|_| IsCompleteReply::new(Completeness::Unknown))
            },
        );
    }

    fn look_up_history(&self, request: Request) {
        let history = self.history.clone();
        background_reply::answer(
            self.frontend.clone(),
            request,
            |asked: HistoryRequest| async move { HistoryReply { history: history.find(asked).await } },
        );
    }

    fn list_comms(&self, request: Request) {
        let comms = self.comms.clone();
        let list = |asked: CommInfoRequest| async move { comms.list(asked.target_name).await };
        background_reply::answer(self.frontend.clone(), request, list);
    }

    fn measure_usage(&self, request: Request) {
        let sessions = Arc::clone(&self.sessions);
        background_reply::answer(self.frontend.clone(), request, |_: UsageRequest| async move {
            UsageReply { usage: usage::measure(&sessions).await }
        });
    }

    /// A magic has its help, and a name in Python what an agent says of it.
    fn inspect(&self, request: Request) {
        let completer = Arc::clone(&self.completer);
        background_reply::answer(
            self.frontend.clone(),
            request,
            |asked: InspectRequest| async move { completer.inspect(&asked).await },
        );
    }
}

fn info(kind: Kind) -> KernelInfoReply {
    let version = env!("CARGO_PKG_VERSION");
    let banner = format!("livy-kernel {version}: {} on Spark through Apache Livy", kind.language());
    let mut info = KernelInfoReply::new("livy-kernel", version, kind.language_info(), banner);
    info.help_links = [
        ("Apache Spark", "https://spark.apache.org/docs/latest/"),
        ("Apache Livy", "https://livy.apache.org/docs/latest/rest-api.html"),
    ]
    .map(|(text, url)| HelpLink { text: text.to_owned(), url: url.to_owned() })
    .to_vec();
    info
}
