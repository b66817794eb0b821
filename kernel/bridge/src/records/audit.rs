//! An audit, and why it cannot be written.

use std::{fmt, io};

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    error::CellError,
    records::{
        destination::Destination,
        event::{Event, StatementLine},
        person::Person,
        syslog,
    },
};

/// Where lines go, and whether the code of statements is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Where the lines go.
    pub to: Destination,
    /// Whether the code of statements is in them.
    pub has_code: bool,
}

impl fmt::Display for Audit {
    /// Says what is recorded, and where.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what =
            if self.has_code { "statements with their code" } else { "statements by their hash" };
        write!(f, "{what}, sessions and transfers are recorded in {}", self.to)
    }
}

impl Audit {
    /// Writes a line; without the code, if that is too long for the system's log.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn write(&self, line: &Line) -> io::Result<()> {
        match self.to.write(&line.text(self.has_code)) {
            Err(error) if self.has_code && syslog::is_too_long(&error) => {
                self.to.write(&line.text(false))
            }
            written => written,
        }
    }
}

/// An audit that cannot be written. Nothing is sent to Livy then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what cells do must be recorded, and that is not possible: {0}")]
pub struct AuditError(String);

impl AuditError {
    /// The audit's destination cannot be used.
    pub fn of(destination: &Destination, error: &io::Error) -> Self {
        Self(format!("{destination}: {error}"))
    }

    /// The folder of what is sent cannot be used.
    pub fn of_pending(error: &io::Error) -> Self {
        Self(format!("the folder livy-kernel/audit in Jupyter's data folder: {error}"))
    }

    pub(super) fn writer_has_ended() -> Self {
        Self("this system gives the kernel no thread for it".to_owned())
    }

    pub(super) fn disk_hangs() -> Self {
        Self("the disk does not answer".to_owned())
    }
}

impl From<AuditError> for CellError {
    fn from(error: AuditError) -> Self {
        let next =
            "Nothing was sent. Ask whoever runs this platform, or see audit.to in the settings.";
        Self::new("AuditError", error.to_string(), next)
    }
}

/// A line of an audit.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// When it began; for a session, when it was there.
    pub time: String,
    /// Tells the line from all others.
    pub id: Uuid,
    #[serde(flatten)]
    pub person: Person,
    pub pid: u32,
    #[serde(flatten)]
    pub event: Event,
}

impl Line {
    /// Something that happens now.
    pub fn now(person: &Person, event: Event) -> Self {
        Self::at(OffsetDateTime::now_utc(), Uuid::new_v4(), person, std::process::id(), event)
    }

    /// Something that began at this time, in this process of the person's.
    pub fn at(time: OffsetDateTime, id: Uuid, person: &Person, pid: u32, event: Event) -> Self {
        let millisecond = time.millisecond();
        let time = time.replace_millisecond(millisecond).unwrap_or(time);
        let time = time.format(&Rfc3339).unwrap_or_default();
        Self { time, id, person: person.clone(), pid, event }
    }

    /// The line as an audit has it.
    pub fn text(&self, has_code: bool) -> String {
        let text = match &self.event {
            Event::Statement(statement) if !has_code && statement.code.is_some() => {
                let statement = StatementLine { code: None, ..(**statement).clone() };
                let event = Event::Statement(Box::new(statement));
                serde_json::to_string(&Self { event, ..self.clone() })
            }
            _ => serde_json::to_string(self),
        };
        text.unwrap_or_default()
    }
}
