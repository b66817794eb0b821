//! Ends a process together with its children.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A process and all its children, which are killed when this is dropped unless they have ended.
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(super) fn led_by(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that no process is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
