//! The kernel's one loop: everything that can wake it, and who handles it. Whatever takes time runs
//! beside the loop and reports back as an event, so that no request waits for Livy.

use std::{pin::pin, sync::Arc};

use jupyter_wire::{ExecutionState, Frontend, Parent, Request, Requests};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    cell::{self, KernelContext},
    kernel::{
        dispatch::Dispatcher,
        execute_queue::{CellEnd, CellRunner, ExecuteQueue},
    },
    session::Manager,
};

/// A kernel for one frontend's notebook.
pub struct Kernel {
    requests: Requests,
    cell_ends: UnboundedReceiver<CellEnd>,
    notices: UnboundedReceiver<String>,
    frontend: Frontend,
    sessions: Arc<Manager>,
    dispatcher: Dispatcher,
}

enum Event {
    Request(Request),
    CellEnd(CellEnd),
    /// Something that the user has to know, without having asked.
    Notice(String),
    /// The process was asked to end, or its channels have ended.
    Stop,
}

impl Kernel {
    /// A kernel that has run nothing. It shows each of the `notices` below the newest cell.
    pub fn new(
        context: KernelContext,
        notices: UnboundedReceiver<String>,
        requests: Requests,
        frontend: Frontend,
    ) -> Self {
        Self::with_runner(run_cell(&context), context, notices, requests, frontend)
    }

    /// A kernel whose cells run by another function than [`cell::run`], for tests.
    pub fn with_runner(
        runner: CellRunner,
        context: KernelContext,
        notices: UnboundedReceiver<String>,
        requests: Requests,
        frontend: Frontend,
    ) -> Self {
        let (ends, cell_ends) = unbounded_channel();
        let sessions = Arc::clone(&context.sessions);
        let queue = ExecuteQueue::new(context.clone(), frontend.clone(), runner, ends);
        let dispatcher = Dispatcher::new(&context, frontend.clone(), queue);
        Self { requests, cell_ends, notices, frontend, sessions, dispatcher }
    }

    /// Answers requests until a request or `stop` ends the kernel.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        self.frontend.status(&Parent::none(), ExecutionState::Starting);
        self.dispatcher.queue.resume_cells().await;
        self.sessions.start_ahead();
        while !self.dispatcher.is_stopping {
            let event = self.next_event(&mut stop).await;
            self.handle_event(event);
        }
        self.dispatcher.queue.stop();
    }

    /// Control comes first, then what has ended, and new work last.
    async fn next_event(&mut self, stop: &mut (impl Future<Output = ()> + Unpin)) -> Event {
        tokio::select! {
            biased;
            () = stop => Event::Stop,
            request = self.requests.control.recv() => request.map_or(Event::Stop, Event::Request),
            Some(end) = self.cell_ends.recv() => Event::CellEnd(end),
            Some(notice) = self.notices.recv() => Event::Notice(notice),
            request = self.requests.shell.recv() => request.map_or(Event::Stop, Event::Request),
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Request(request) => self.dispatcher.handle(request),
            Event::CellEnd(end) => self.end_cell(end),
            Event::Notice(notice) => self.dispatcher.queue.show_notice(&notice),
            Event::Stop => self.dispatcher.is_stopping = true,
        }
    }

    fn end_cell(&mut self, end: CellEnd) {
        if self.dispatcher.queue.aborts_after(&end) {
            // Before the reply is sent: what a frontend sends after it was not queued.
            while let Ok(request) = self.requests.shell.try_recv() {
                self.dispatcher.handle(request);
            }
        }
        self.dispatcher.end_cell(end);
    }
}

fn run_cell(context: &KernelContext) -> CellRunner {
    let context = context.clone();
    Arc::new(move |asked, sink| {
        let context = context.clone();
        Box::pin(async move { cell::run(&context, &asked, &sink).await })
    })
}
