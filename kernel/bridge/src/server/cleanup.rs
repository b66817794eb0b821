//! Ends a session that was still on its server when the kernel had to end: Jupyter does not wait for a
//! server that hangs. A short-lived process, which the kernel leaves behind, does this.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use livy_client::{Client, Id, Identity};
use tokio::time::{sleep, timeout};

use crate::{
    server::{affinity::Subject, session_end, session_name},
    settings::choices::AgentPolicy,
};

/// How long the process tries to end the session. After two minutes without a kernel the server ends the
/// session by itself.
const CLEANUP_LIMIT: Duration = Duration::from_secs(120);
/// How long one attempt may take, so that a connection that hangs is given up.
const CLEANUP_ATTEMPT_LIMIT: Duration =
    Duration::from_secs(10).saturating_add(session_end::INTERRUPT_LIMIT);
const CLEANUP_RETRY_DELAY: Duration = Duration::from_millis(500);

/// A session that has to be ended, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingCleanup {
    /// A session was asked for under this name, and may or may not have been created.
    Named(String),
    /// The session was there.
    Known(Identity),
}

impl PendingCleanup {
    /// Starts the process that ends the session. It has a process group of its own, since what ends a
    /// kernel may end the kernel's whole group.
    pub fn spawn_cleanup_process(&self) {
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
                "the server is slow to end the session; a background process will end it"
            ),
            Err(error) => tracing::warn!("the session may be left behind: {error}"),
        }
    }

    /// The session's id, if it is known.
    pub fn id(&self) -> Option<Id> {
        match self {
            Self::Known(session) => Some(session.id.clone()),
            Self::Named(_) => None,
        }
    }

    fn arguments(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec!["--name", name],
            Self::Known(Identity { id, name, app_id, .. }) => {
                let named = [("--name", name), ("--app-id", app_id)];
                let named = named
                    .into_iter()
                    .filter_map(|(option, value)| Some((option, value.as_deref()?)));
                [("--id", id.as_str())]
                    .into_iter()
                    .chain(named)
                    .flat_map(<[&str; 2]>::from)
                    .collect()
            }
        }
    }

    /// Ends the session, and tries again until it is certain that none is left.
    pub async fn end(&self, client: &Client, agents: AgentPolicy) {
        let begun = Instant::now();
        while begun.elapsed() < CLEANUP_LIMIT {
            if let Ok(true) = timeout(CLEANUP_ATTEMPT_LIMIT, self.try_end(client, agents)).await {
                return;
            }
            sleep(CLEANUP_RETRY_DELAY).await;
        }
    }

    /// Whether it is certain that the session is gone.
    async fn try_end(&self, client: &Client, agents: AgentPolicy) -> bool {
        match self {
            Self::Known(session) => Self::end_known(client, session, agents).await,
            Self::Named(name) => {
                // Each look may meet another Livy, behind a balancer that does not know the client yet.
                for way in client.each_server() {
                    if let Some(session) = way.session_named(name).await {
                        let way = way.bound_to(session_name::identity(&session));
                        return session_end::end(&way, &session.id, agents).await.is_ok();
                    }
                }
                // Its creation may still be on its way.
                false
            }
        }
    }

    async fn end_known(client: &Client, session: &Identity, agents: AgentPolicy) -> bool {
        let subject = Subject::session(session);
        let client = subject.client(client).bound_to(session.clone());
        let is_gone = session_end::end(&client, &session.id, agents).await.is_ok();
        if is_gone {
            subject.forget();
        }
        is_gone
    }
}
