//! Whoever started the kernel, as `JPY_PARENT_PID` names it: a kernel without a parent ends.

#[cfg(unix)]
pub use unix::gone;

#[cfg(unix)]
mod unix {
    use std::{os::unix::process::parent_id, time::Duration};

    use rustix::process::{Pid, test_kill_process};
    use tokio::time::sleep;

    /// How often to look, as ipykernel does.
    const LOOK: Duration = Duration::from_secs(1);

    /// Ends when the process that `JPY_PARENT_PID` names has ended; never, if it names none.
    pub async fn gone() {
        let named = std::env::var("JPY_PARENT_PID").ok().and_then(|pid| pid.parse().ok());
        let Some(parent) = named.and_then(Parent::find) else {
            return std::future::pending().await;
        };
        while parent.is_there() {
            sleep(LOOK).await;
        }
        tracing::warn!("the process that started this kernel is gone, so the kernel ends too");
    }

    enum Parent {
        /// It started this process itself. It may be dead and not yet reaped, so it is not asked.
        Direct(u32),
        /// Something stands between the two.
        Distant(Pid),
    }

    impl Parent {
        /// Nothing can be told of a process that is not seen from here, as from within a container.
        fn find(pid: u32) -> Option<Self> {
            match pid {
                // Init never ends.
                0 | 1 => None,
                _ if pid == parent_id() => Some(Self::Direct(pid)),
                _ => {
                    let distant = Self::Distant(Pid::from_raw(i32::try_from(pid).ok()?)?);
                    distant.is_there().then_some(distant)
                }
            }
        }

        fn is_there(&self) -> bool {
            match self {
                Self::Direct(pid) => parent_id() == *pid,
                // A process of somebody else may not be signalled, but it is there.
                Self::Distant(pid) => test_kill_process(*pid) != Err(rustix::io::Errno::SRCH),
            }
        }
    }
}

/// On Windows the variable holds a handle, and kernels there are ended by a message or killed.
#[cfg(not(unix))]
pub async fn gone() {
    std::future::pending::<()>().await;
}
