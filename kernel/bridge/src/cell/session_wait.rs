//! Waits until there is a session, and says meanwhile how its start goes; and until it has handled what came first.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use std::sync::Arc;

use crate::{
    cell::{context::KernelContext, request::CellRequest, session_loss, start_notice::Notice},
    display::{panel::Text, sink::OutputSink},
    error::CellError,
    output::CellOutput,
    session::{Manager, State, handle::SessionHandle},
};

/// How often the display of a start counts the seconds.
const DISPLAY_INTERVAL: Duration = Duration::from_secs(1);

/// Waits for the kernel's session; starts one if there is none.
///
/// # Errors
///
/// The session does not start, was lost and is not to be replaced unasked, or the user interrupts.
pub async fn wait_for_session(
    sessions: &Arc<Manager>,
    sink: &OutputSink,
    interrupt: &CancellationToken,
) -> Result<SessionHandle, CellError> {
    let settled = interrupt.run_until_cancelled(session_loss::settle_doubt(sessions)).await;
    settled.ok_or_else(CellError::not_run)?;
    let started_ahead = sessions.take_started_ahead();
    let mut state = match started_ahead {
        // If it has failed since, this cell says so, and the next one tries again.
        true => sessions.states(),
        false => sessions.ensure_started(),
    };
    let mut notice = Notice::new(sink.panel());
    loop {
        let now = state.borrow_and_update().clone();
        match now {
            State::Ready(handle) => {
                notice.ready(&handle, started_ahead).await;
                return Ok(handle);
            }
            State::Failed(failure) => {
                notice.failed().await;
                return Err(failure);
            }
            State::Lost(loss) => {
                session_loss::replace_lost(sessions, sink, &loss).await?;
                state = sessions.ensure_started();
                continue;
            }
            State::Starting(starting) => notice.starting(&starting).await,
            // Another cell has reported a loss.
            State::Absent => {
                state = sessions.ensure_started();
                continue;
            }
        }
        tokio::select! {
            _ = state.changed() => {}
            () = sleep(DISPLAY_INTERVAL) => {}
            () = interrupt.cancelled() => {
                notice.left().await;
                return Err(CellError::not_run());
            }
        }
    }
}

/// Waits until the frontends' messages that came before the cell have been handled, as ipykernel does. The
/// session may be lost meanwhile: the cell will tell.
///
/// # Errors
///
/// The user interrupts, which ends the handlers, too.
pub async fn wait_for_handlers(
    context: &KernelContext,
    asked: &CellRequest,
) -> Result<(), CellError> {
    let mut states = context.sessions.states();
    tokio::select! {
        biased;
        () = context.comms.handled_before(asked.place) => Ok(()),
        _ = states.wait_for(|state| !matches!(state, State::Ready(_))) => Ok(()),
        () = asked.interrupt.cancelled() => Err(CellError::not_run()),
    }
}

/// Says once that this kernel has recovered the session of a kernel that was killed.
pub async fn show_recovery(sink: &OutputSink, handle: &SessionHandle) {
    if sink.is_silent() || !handle.take_just_recovered() {
        return;
    }
    let what = format!(
        "Livy session {} is back: the kernel was killed and started again. All variables are there.",
        handle.session.id
    );
    sink.show(vec![CellOutput::Display(Text::plain(&what).bundle())]).await;
}
