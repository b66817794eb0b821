//! A kernel that was killed had a session: the one that was started in its place takes it back.

use std::{sync::Arc, time::SystemTime};

use livy_client::{Id, PollPolicy, session};

use super::{Keeper, Starting, State};
use crate::{
    journal::Record,
    leftover::Leftover,
    live::{Live, lock},
    local::Lease,
    loss::{Loss, Verdict, examine},
    origin::Origin,
    settings::Place,
};

impl Keeper {
    /// What a kernel before this one had and did not end, since it was killed.
    pub fn inherited(&self) -> Option<Record> {
        let endpoint = match self.place.as_ref().ok()? {
            Place::Livy(options) => options.endpoint.clone(),
            Place::Here(_) => Lease::read(&self.journal.lease())?.options().ok()?.endpoint,
        };
        self.journal.inherited(&endpoint.to_string())
    }

    /// Takes the session of an earlier kernel back, once its server can be reached.
    pub fn take_back(self: &Arc<Self>, id: Id, own: bool) {
        self.state.send_replace(State::Starting(Starting::now(Some(id.clone()))));
        *self.leftovers() = own.then(|| Leftover::Known(id.clone()));
        let keeper = Arc::clone(self);
        *self.starting() = Some(tokio::spawn(async move { keeper.find_again(id, own).await }));
    }

    async fn find_again(self: &Arc<Self>, id: Id, own: bool) {
        let connection = match self.connect().await {
            Ok(connected) => connected,
            Err(failure) => return drop(self.state.send_replace(State::Failed(failure))),
        };
        let mut polls = PollPolicy::SESSION.start();
        loop {
            match connection.client.send(session::get(&id)).await {
                Ok(session) if session.state.is_starting() => {}
                Ok(session) => {
                    let live = self.live_of(connection, session, SystemTime::now());
                    return self.has_again(live.owned(own).back()).await;
                }
                Err(error) if error.is_not_found() => {
                    return self.is_not_back(Loss::unknown(id));
                }
                Err(_) if connection.is_gone().await => {
                    return self.is_not_back(Loss::with_server(id));
                }
                Err(error) => tracing::debug!("session {id} is not back yet: {error}"),
            }
            if self.ending.run_until_cancelled(polls.wait()).await.is_none() {
                return;
            }
        }
    }

    /// Its name has the number of the kernel that was killed.
    fn claim(&self, name: &str) {
        let claim = Origin::of(name).map(|origin| origin.claim()).transpose();
        match claim {
            Ok(claim) => *lock(&self.claim) = claim,
            Err(error) => {
                tracing::warn!("`livy-kernel sessions` takes {name} for orphaned: {error}")
            }
        }
    }

    fn is_not_back(&self, loss: Loss) {
        self.journal.session(None);
        self.state.send_replace(State::Lost(loss));
    }

    async fn has_again(self: &Arc<Self>, live: Live) {
        self.claim(live.session.name.as_deref().unwrap_or_default());
        let is_over = live.session.state.is_over();
        self.has(live.clone());
        if is_over && let Verdict::Gone(loss) = examine(&live).await {
            self.lose(&live, &loss);
        }
    }
}
