//! A session that was still on its server when the kernel had to end: Jupyter does not wait for a
//! server that hangs. A short-lived process, which the kernel leaves behind, ends it.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use livy_client::{Client, Error, Id, session};
use tokio::time::{sleep, timeout};

/// For how long the process tries. After two minutes the server ends the session by itself.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one attempt may take, so that a connection that hangs is given up.
const ATTEMPT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

/// As much as is known of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// It was asked for under this name, and there may or may not be one.
    Named(String),
    /// It is there.
    Known(Id),
}

impl Leftover {
    /// Starts the process that ends it. In a group of its own, since who ends a kernel may end the
    /// kernel's whole group.
    pub fn hand_over(&self) {
        let started = std::env::current_exe().and_then(|program| {
            let mut command = Command::new(program);
            command.arg("end-leftover").args(self.arguments());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            command.spawn()
        });
        match started {
            Ok(_) => tracing::warn!(
                "the server is slow to end the session; a process stays to see to it"
            ),
            Err(error) => tracing::warn!("the session may be left behind: {error}"),
        }
    }

    /// Its id, if that is known.
    pub fn id(self) -> Option<Id> {
        match self {
            Self::Known(id) => Some(id),
            Self::Named(_) => None,
        }
    }

    fn arguments(&self) -> [&str; 2] {
        match self {
            Self::Named(name) => ["--name", name],
            Self::Known(id) => ["--id", id.as_str()],
        }
    }

    /// Ends it, however often that must be tried.
    pub async fn end(&self, client: &Client) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok(true) = timeout(ATTEMPT, self.try_end(client)).await {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether it is certain that there is none any more.
    async fn try_end(&self, client: &Client) -> bool {
        match self {
            Self::Known(id) => delete(client, id).await.is_ok(),
            // Where it is not found its creation may still be on its way.
            Self::Named(name) => match client.session_named(name).await {
                Some(session) => delete(client, &session.id).await.is_ok(),
                None => false,
            },
        }
    }
}

/// Ends a session; one that is not there has ended.
pub async fn delete(client: &Client, id: &Id) -> Result<(), Error> {
    match client.send(session::delete(id)).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
