//! A POST whose answer was lost is not sent again: the lists tell whether it arrived.

use std::time::Duration;

use crate::{
    Client, Error, Fate, Id, Session, Statement,
    session::{self, NewSession},
    statement::{self, NewStatement, Page},
};

/// How many of the newest statements can hide one that is looked for.
const NEWEST: u64 = 20;
/// When to look: a gateway may give up on a server that is still at it.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

impl Client {
    /// Starts a session. If the answer is lost and the session has a name, it is looked for.
    pub async fn create_session(&self, new: &NewSession) -> Result<Session, Error> {
        let create = session::create(new).answer_within(self.profile().session_answered_within());
        let lost = match self.send(create).await {
            Err(error) if error.fate() == Fate::Unknown => error,
            result => return result,
        };
        let Some(name) = &new.application.name else {
            return Err(lost);
        };
        self.look(|| self.session_named(name)).await.ok_or(lost)
    }

    async fn look<T, F>(&self, at: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Option<T>>,
    {
        for delay in LOOKS {
            let goes_on = self.pause(delay).await;
            let found = at().await;
            if found.is_some() || !goes_on {
                return found;
            }
        }
        None
    }

    /// The session of this name, if the server has one and says so. The list comes in pages, and a
    /// new session is on the last.
    pub async fn session_named(&self, name: &str) -> Option<Session> {
        let mut from = None;
        loop {
            let page = self.send(session::list(from, None)).await.ok()?;
            let seen = from.unwrap_or(0) + page.sessions.len() as u64;
            let more = !page.sessions.is_empty() && seen < page.total;
            let named = |session: &Session| session.name.as_deref() == Some(name);
            match page.sessions.into_iter().find(named) {
                None if more => from = Some(seen),
                found => return found,
            }
        }
    }

    /// Runs a statement. If the answer is lost, the newest statement with this code is taken for
    /// it, unless its id is one of those `known` from before.
    pub async fn run_statement(
        &self,
        session: &Id,
        new: &NewStatement,
        known: &[Id],
    ) -> Result<Statement, Error> {
        match self.send(statement::run(session, new)).await {
            Err(error) if error.fate() == Fate::Unknown => {
                self.look(|| self.newest_with(session, &new.code, known)).await.ok_or(error)
            }
            result => result,
        }
    }

    async fn newest_with(&self, session: &Id, code: &str, known: &[Id]) -> Option<Statement> {
        let page = Page { from: Some(0), size: Some(NEWEST), newest_first: true };
        let list = self.send(statement::list(session, page)).await.ok()?;
        let ours = |statement: &Statement| {
            statement.code.as_deref() == Some(code) && !known.contains(&statement.id)
        };
        // Not every server heeds the order asked for.
        list.statements.into_iter().filter(ours).max_by_key(|statement| number(&statement.id))
    }
}

fn number(id: &Id) -> u64 {
    id.as_str().parse().unwrap_or_default()
}
