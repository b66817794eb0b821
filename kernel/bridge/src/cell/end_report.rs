//! How the cell lets the records know that its statement has ended.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use livy_client::Statement;
use tokio::sync::oneshot;

use crate::{
    records::{Count, Records, StatementEnd},
    session::{handle::lock, statement_end},
};

/// Where a cell says how its statement has ended.
#[derive(Default)]
pub struct EndReport(Mutex<Option<Open>>);

/// A statement whose end was not reported.
struct Open {
    records: Records,
    language: &'static str,
    began: Instant,
    report: oneshot::Sender<StatementEnd>,
}

impl EndReport {
    /// Notes that a statement is about to be sent, and who waits for its end.
    pub fn open(
        &self,
        records: Records,
        language: &'static str,
        report: oneshot::Sender<StatementEnd>,
    ) {
        *lock(&self.0) = Some(Open { records, language, began: Instant::now(), report });
    }

    /// Livy has said how the statement has ended.
    pub fn ended(&self, statement: &Statement, is_interrupted: bool) {
        let Some(open) = lock(&self.0).take() else { return };
        let elapsed = open.began.elapsed();
        let end = statement_end::of(statement, Some(elapsed), is_interrupted);
        open.records.count(Count::Statement {
            language: open.language,
            state: end.state,
            bytes: end.bytes.unwrap_or_default(),
            overhead: overhead(elapsed, statement),
        });
        // Nobody waits for it without an audit.
        let _ = open.report.send(end);
    }
}

/// The time that a statement took beyond the one in which it ran.
fn overhead(elapsed: Duration, statement: &Statement) -> Option<Duration> {
    Some(elapsed.saturating_sub(statement_end::running_time(statement)?))
}
