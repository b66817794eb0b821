//! A cell that ran when the kernel was killed, as the next kernel has it.
//!
//! Its outputs answer the old request, for frontends that still wait for them. A frontend that has
//! started again with this kernel, as JupyterLab does, no longer listens for them: then its next cell
//! shows them first. Which of the two a frontend does shows in `kernel_info_request`, with which
//! frontends start.

use std::{
    mem,
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use jupyter_wire::{Copies, Request, content::Stream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::display::sink::OutputSink;

/// A cell of the kernel before this one.
pub struct ResumedCell {
    request: Request,
    execution_count: u32,
    /// The frontend that sent the request has started again, and no longer listens.
    is_abandoned: AtomicBool,
    /// Another cell shows the outputs.
    is_shown: AtomicBool,
    /// The outputs; closed when the cell has ended.
    outputs: Mutex<Copies>,
    interrupt: CancellationToken,
    resumed_at: SystemTime,
}

impl ResumedCell {
    /// A cell that is resumed now.
    pub fn new(
        request: Request,
        execution_count: u32,
        outputs: Copies,
        interrupt: CancellationToken,
    ) -> Self {
        Self {
            request,
            execution_count,
            is_abandoned: AtomicBool::new(false),
            is_shown: AtomicBool::new(false),
            outputs: Mutex::new(outputs),
            interrupt,
            resumed_at: SystemTime::now(),
        }
    }

    /// Notes that the frontend which sent this request starts to talk to this kernel.
    pub fn frontend_starts(&self, request: &Request) {
        if self.is_from_frontend_of(request) {
            self.is_abandoned.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the cell of this request has to show the outputs, since nobody else does; `true` for
    /// one request only.
    pub fn take_showing(&self, request: &Request) -> bool {
        let is_abandoned =
            self.is_abandoned.load(Ordering::Relaxed) || !self.is_from_frontend_of(request);
        is_abandoned && !self.is_shown.swap(true, Ordering::Relaxed)
    }

    fn is_from_frontend_of(&self, request: &Request) -> bool {
        request.header().session == self.request.header().session
    }

    /// Stops the cell, unless the interrupt was sent to the killed kernel: Jupyter sends one before it
    /// starts another kernel, which then receives it.
    pub fn interrupt(&self, sent_at: Option<SystemTime>) {
        if sent_at.is_none_or(|sent_at| sent_at > self.resumed_at) {
            self.interrupt.cancel();
        }
    }

    /// Shows the outputs until the cell has ended, in answer to another request.
    pub async fn show(&self, sink: &OutputSink) {
        let mut outputs = self.outputs.lock().await;
        let mut is_first = true;
        while let Some(output) = outputs.recv().await {
            if mem::take(&mut is_first) {
                sink.publish(&Stream::stderr(self.heading())).await;
            }
            sink.publish_copy(&output).await;
        }
    }

    fn heading(&self) -> String {
        let number = self.execution_count;
        format!("Output of cell [{number}], which ran when the kernel was killed:\n")
    }
}
