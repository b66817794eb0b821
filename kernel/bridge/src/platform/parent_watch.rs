//! Watches the process that started the kernel, which `JPY_PARENT_PID` names. The kernel ends with it.

#[cfg(unix)]
pub use unix::parent_exited;

#[cfg(unix)]
mod unix {
    use std::{os::unix::process::parent_id, time::Duration};

    use tokio::time::sleep;

    use crate::platform::process_alive::is_alive;

    /// The same as in ipykernel.
    const PARENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

    /// Completes when the process that `JPY_PARENT_PID` names has exited; never, if it names none.
    pub async fn parent_exited() {
        let named = std::env::var("JPY_PARENT_PID").ok().and_then(|pid| pid.parse().ok());
        let Some(parent) = named.and_then(Parent::find) else {
            return std::future::pending().await;
        };
        while parent.is_running() {
            sleep(PARENT_CHECK_INTERVAL).await;
        }
        tracing::warn!("the process that started this kernel has exited, so the kernel exits too");
    }

    enum Parent {
        /// It started this process itself. It may be dead and not yet reaped, so its id is not looked up.
        Direct(u32),
        /// Another process is between the two.
        Distant(u32),
    }

    impl Parent {
        /// Returns `None` for a process that cannot be seen from here, as from within a container.
        fn find(pid: u32) -> Option<Self> {
            match pid {
                // Init never ends.
                0 | 1 => None,
                _ if pid == parent_id() => Some(Self::Direct(pid)),
                _ => {
                    let distant = Self::Distant(pid);
                    distant.is_running().then_some(distant)
                }
            }
        }

        fn is_running(&self) -> bool {
            match self {
                Self::Direct(pid) => parent_id() == *pid,
                Self::Distant(pid) => is_alive(*pid),
            }
        }
    }
}

/// On Windows the variable holds a handle, and kernels there are ended by a message or killed.
#[cfg(not(unix))]
pub async fn parent_exited() {
    std::future::pending::<()>().await;
}
