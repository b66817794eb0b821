//! A POST whose answer was lost is not sent again: the server's lists show whether it arrived.

use std::time::Duration;

use crate::{
    Client, Error, Fate, Id, Session, SessionProperties, Statement, session,
    statement::{self, NewStatement, Page},
};

/// How many of the newest statements are searched for one.
const SEARCHED_STATEMENTS: u64 = 20;
/// How many pages of sessions are searched: a server may have no last one.
const MAX_PAGES: usize = 100;
/// The waits before each search: a gateway may give up on a server that is still at work.
const SEARCH_DELAYS: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

impl Client {
    /// Starts a session. If the answer is lost and the session has a name, the session is searched
    /// for by that name.
    ///
    /// # Errors
    ///
    /// Fails as [`Client::send`] does; with [`Fate::Unknown`] if the answer was lost and no session
    /// of this name is found.
    pub async fn create_session(&self, new: &SessionProperties) -> Result<Session, Error> {
        let create = session::create(new).answer_within(self.profile().session_answer_timeout());
        let lost = match self.send(create).await {
            Err(error) if error.fate() == Fate::Unknown => error,
            result => return result,
        };
        let Some(name) = &new.name else {
            return Err(lost);
        };
        let was_pinned = !self.cookie_names().is_empty();
        let search = || async {
            if !was_pinned {
                // The balancer may have sent the request to any Livy behind it.
                self.forget_cookies();
            }
            self.session_named(name).await
        };
        self.search(search).await.ok_or(lost)
    }

    /// Searches at each of the [`SEARCH_DELAYS`] until something is found.
    async fn search<T, F>(&self, once: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Option<T>>,
    {
        for delay in SEARCH_DELAYS {
            let goes_on = self.pause(delay).await;
            let found = once().await;
            if found.is_some() || !goes_on {
                return found;
            }
        }
        None
    }

    /// Returns the session of this name, if the server lists one. The list comes in pages, and a
    /// new session is on the last.
    pub async fn session_named(&self, name: &str) -> Option<Session> {
        let mut from = None;
        for _ in 0..MAX_PAGES {
            let page = self.send(session::list(from, None)).await.ok()?;
            let seen = from.unwrap_or(0_u64).saturating_add(page.sessions.len() as u64);
            let more = !page.sessions.is_empty() && seen < page.total;
            let has_name = |session: &Session| session.name.as_deref() == Some(name);
            match page.sessions.into_iter().find(has_name) {
                None if more => from = Some(seen),
                found => return found,
            }
        }
        None
    }

    /// Runs a statement. If the answer is lost, the newest statement with this code is taken for
    /// it, unless its id is one of those `known` from before.
    ///
    /// # Errors
    ///
    /// Fails as [`Client::send`] does; with [`Fate::Unknown`] if the answer was lost and no such
    /// statement is found.
    pub async fn run_statement(
        &self,
        session: &Id,
        new: &NewStatement,
        known: &[Id],
    ) -> Result<Statement, Error> {
        match self.send(statement::run(session, new)).await {
            Err(error) if error.fate() == Fate::Unknown => {
                self.search(|| self.newest_with(session, &new.code, known)).await.ok_or(error)
            }
            result => result,
        }
    }

    async fn newest_with(&self, session: &Id, code: &str, known: &[Id]) -> Option<Statement> {
        let page = Page { from: Some(0), size: Some(SEARCHED_STATEMENTS), newest_first: true };
        let list = self.send(statement::list(session, page)).await.ok()?;
        let is_new_with_code = |statement: &Statement| {
            statement.code.as_deref() == Some(code) && !known.contains(&statement.id)
        };
        // Not every server heeds the order asked for.
        let newest = |statement: &Statement| number(&statement.id);
        list.statements.into_iter().filter(is_new_with_code).max_by_key(newest)
    }
}

fn number(id: &Id) -> u64 {
    id.as_str().parse().unwrap_or_default()
}
