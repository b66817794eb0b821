//! Watches over the kernel's session: Livy ends one that it does not hear of.

use std::{sync::Arc, time::SystemTime};

use tokio::time::sleep;

use crate::{
    platform::task,
    server::{affinity::Subject, session_owner},
    session::{
        handle::SessionHandle,
        loss::{self, Liveness, probe},
        manager::Manager,
    },
};

impl Manager {
    /// Watches for as long as this is the kernel's session, and goes on after a panic.
    pub(super) async fn watch_over(self: Arc<Self>, handle: SessionHandle) {
        let watched = || task::catch_panic("it watched over its session", self.watch(&handle));
        while watched().await.is_err() {
            let interval = handle.lifetime().check_interval();
            sleep(interval).await;
        }
    }

    /// Shows the server that this kernel lives and uses the session, warns when the session's end is
    /// near, and notices when it has come.
    async fn watch(self: &Arc<Self>, handle: &SessionHandle) {
        let mut has_warned_of_alternation = false;
        while self.still_has_after_a_while(handle).await {
            self.renew_mark();
            if handle.lifetime().is_in_use(SystemTime::now()) {
                handle.keep_alive().await;
            }
            // A balancer may renew its cookie with each answer.
            Subject::session(&handle.identity()).note(&handle.client);
            match probe(handle).await {
                Liveness::Gone(loss) => return self.report_lost(handle, &loss),
                Liveness::Alternates if !has_warned_of_alternation => {
                    has_warned_of_alternation = true;
                    self.notify(loss::alternates(handle));
                }
                Liveness::Alternates | Liveness::Alive | Liveness::Unknown => {}
            }
            let warning = handle.lifetime().take_warning(SystemTime::now());
            if let Some(warning) = warning {
                self.notify(format!("Livy may end session {} {warning}", handle.session.id));
            }
        }
    }

    /// Shows other kernels of this machine that this one lives.
    fn renew_mark(&self) {
        let mark = self.held().owner.as_ref().map(|owner| owner.path().to_owned());
        if let Some(mark) = mark
            && let Err(error) = session_owner::renew(&mark)
        {
            tracing::debug!("{}: {error}", mark.display());
        }
    }

    /// Waits until it is time to look after the session; false if it is not the kernel's any more.
    async fn still_has_after_a_while(&self, handle: &SessionHandle) -> bool {
        let interval = handle.lifetime().check_interval();
        let waited = self.ending.run_until_cancelled(sleep(interval)).await;
        let is_same = |now: SessionHandle| now.session.id == handle.session.id;
        waited.is_some() && self.ready_session().is_some_and(is_same)
    }

    fn notify(&self, notice: String) {
        // It fails only when the kernel has stopped.
        let _ = self.notices.send(notice + "\n");
    }
}
