//! The records of one session.

use crate::records::{
    Records,
    event::{Event, SessionEnd, SessionFacts, TransferEnd},
};

/// Records what is done in one session.
#[derive(Clone, Debug)]
pub struct SessionRecords {
    records: Records,
    session: SessionFacts,
}

impl SessionRecords {
    /// Records what is done in this session.
    pub fn new(records: &Records, session: SessionFacts) -> Self {
        Self { records: records.clone(), session }
    }

    /// The user stops a statement.
    pub fn cancel(&self, statement: &str) {
        let (session, statement) = (self.session.clone(), statement.to_owned());
        self.records.note(Event::Cancel { session, statement });
    }

    /// A file or variable was carried, or not.
    pub fn transfer(&self, end: TransferEnd) {
        self.records.note(Event::Transfer { session: self.session.clone(), end });
    }

    /// The kernel has the session no longer.
    pub fn end(&self, state: SessionEnd) {
        self.records.note(Event::SessionEnd { session: self.session.clone(), state });
    }
}
