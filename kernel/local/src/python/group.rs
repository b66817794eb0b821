use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A process and all its children, killed when this is dropped (whoever ended in peace does not mind).
pub(crate) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(crate) fn led_by(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that there is no one left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
