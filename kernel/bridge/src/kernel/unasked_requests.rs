//! Answers requests with code that no user has sent, also while a cell runs. They do not queue.

use std::sync::Arc;

use jupyter_wire::{
    ExecutionState, Frontend, Request,
    content::{ExecuteReply, ExecuteRequest},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cell::{KernelContext, UnaskedCells},
    display::sink::OutputSink,
    kernel::{background_reply, running_cell},
    kind::Kind,
    language::unasked_code::{self, UnaskedCode},
    platform::task,
};

/// The requests of tools.
pub struct UnaskedRequests {
    kind: Kind,
    frontend: Frontend,
    cells: Arc<UnaskedCells>,
}

/// A request of a tool.
pub struct UnaskedRequest {
    request: Request,
    asked: ExecuteRequest,
    code: UnaskedCode,
}

impl UnaskedRequests {
    /// Begins to answer to this frontend.
    pub fn new(context: &KernelContext, frontend: Frontend) -> Self {
        let cells = Arc::new(UnaskedCells::new(context.clone()));
        Self { kind: context.kind, frontend, cells }
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Returns the request if it is no tool's.
    pub fn read(&self, request: Request) -> Result<UnaskedRequest, Request> {
        let asked = request.content::<ExecuteRequest>().ok();
        let read = asked
            .and_then(|asked| unasked_code::recognize(self.kind, &asked).map(|code| (asked, code)));
        match read {
            Some((asked, code)) => Ok(UnaskedRequest { request, asked, code }),
            None => Err(request),
        }
    }

    /// Answers a request while the count of cells is this. If a cell is running, which ends with this
    /// token, a tool that asks at the start of cells is answered once more when it has ended.
    pub fn answer(
        &self,
        UnaskedRequest { request, asked, code }: UnaskedRequest,
        execution_count: u32,
        running: Option<CancellationToken>,
    ) {
        let (frontend, parent, cells) =
            (self.frontend.clone(), request.parent(), Arc::clone(&self.cells));
        frontend.status(&parent, ExecutionState::Busy);
        task::spawn_detached("it answered a tool", async move {
            let sink =
                OutputSink::new(frontend.clone(), parent.clone(), execution_count, asked.silent);
            let again = running.filter(|_| code.is_asked_at_cell_start);
            let (asked, code) = (Arc::new(asked), Arc::new(code));
            let reply =
                reply(Arc::clone(&cells), Arc::clone(&asked), Arc::clone(&code), sink.clone());
            background_reply::reply(&frontend, &request, reply).await;
            if let Some(cell_end) = again {
                cell_end.cancelled().await;
                let again = cells.run_again(&asked, &code, &sink);
                // Whatever becomes of that, the request is idle afterwards.
                let _ = task::catch_panic("it answered a tool", again).await;
            }
            frontend.status(&parent, ExecutionState::Idle);
        });
    }
}

async fn reply(
    cells: Arc<UnaskedCells>,
    asked: Arc<ExecuteRequest>,
    code: Arc<UnaskedCode>,
    sink: OutputSink,
) -> ExecuteReply {
    let result = cells.run(&asked, &code, &sink).await;
    running_cell::reply(sink.execution_count(), result)
}
