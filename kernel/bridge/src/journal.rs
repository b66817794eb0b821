//! What a kernel writes down for the one that Jupyter starts in its place after a crash: a file
//! beside the connection file. It holds ids and places, no code, no output and no secret.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jupyter_wire::Envelope;
use livy_client::Id;
use serde::{Deserialize, Serialize};

use crate::{kind::Kind, origin, private};

/// Of what is written; another version's file is ignored.
const VERSION: u32 = 4;

/// What a kernel had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// Whose it is.
    pid: u32,
    /// The kernel's language.
    kind: Kind,
    /// The server's address, without credentials.
    server: String,
    /// The session.
    pub session: Id,
    /// Whether the kernel had started it, and so was to end it.
    pub own: bool,
    /// The number of the last cell.
    pub count: u32,
    /// The cells that run, in the order in which Livy got them: more than one, if those of an
    /// earlier kernel have not ended.
    pub cells: Vec<Running>,
}

/// A cell that Livy has, and whose end was not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its session.
    pub session: Id,
    /// Its statement.
    pub statement: Id,
    /// Its language.
    pub kind: Kind,
    /// Its number.
    pub count: u32,
    /// Who asked for it.
    pub asked: Envelope,
    /// How many statements of the cell were to follow.
    pub left: usize,
    /// Nothing of it is to be shown: nobody wants to see it, or all was shown.
    pub silent: bool,
    /// The agent's first event of it, if there is an agent.
    pub first: Option<u64>,
    /// The agent's first event that was not shown.
    pub next: u64,
}

/// Keeps the file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    kind: Kind,
    count: u32,
    session: Option<(String, Id, bool)>,
    cells: Vec<Running>,
}

impl Journal {
    /// The journal of a kernel with this connection file.
    pub fn beside(connection_file: &Path, kind: Kind) -> Self {
        // Not `.json`: Jupyter takes the newest `kernel-*.json` for a kernel to connect to.
        let path = connection_file.with_extension("livy");
        let now = Now { kind, count: 0, session: None, cells: Vec::new() };
        Self { path, now: Mutex::new(now) }
    }

    /// Where Spark on this machine has its lease.
    pub fn lease(&self) -> PathBuf {
        self.path.with_extension("livy-local")
    }

    /// What a kernel had that was killed, if it had this language and this server.
    pub fn inherited(&self, server: &str) -> Option<Record> {
        let text = fs::read(&self.path).ok()?;
        let record: Record = serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!("{} is ignored: {error}", self.path.display()))
            .ok()?;
        let is_gone = record.pid == std::process::id() || !origin::is_there(record.pid);
        let fits =
            record.version == VERSION && record.kind == self.now().kind && record.server == server;
        (is_gone && fits).then_some(record)
    }

    /// Goes on with what was inherited.
    pub fn adopt(&self, record: &Record) {
        self.change(|now| {
            now.count = record.count;
            now.session = Some((record.server.clone(), record.session.clone(), record.own));
            now.cells.clone_from(&record.cells);
        });
    }

    /// Where there is which session, and whether the kernel has started it.
    pub fn session(&self, session: Option<(String, Id, bool)>) {
        self.change(|now| now.session = session);
    }

    /// The number of the newest cell.
    pub fn count(&self, count: u32) {
        self.change(|now| now.count = count);
    }

    /// A statement of a cell runs; those of it that came before have ended.
    pub fn begins(&self, cell: Running) {
        self.change(|now| {
            now.cells.retain(|earlier| earlier.asked != cell.asked);
            now.cells.push(cell);
        });
    }

    /// How far a cell was shown.
    pub fn shown(&self, statement: &Id, next: u64) {
        self.change(|now| {
            for cell in now.cells.iter_mut().filter(|cell| cell.statement == *statement) {
                cell.next = next;
            }
        });
    }

    /// All that a cell gave was shown; it is still to be answered.
    pub fn all_is_shown(&self, asked: &Envelope) {
        self.change(|now| {
            for cell in now.cells.iter_mut().filter(|cell| cell.asked == *asked) {
                cell.silent = true;
            }
        });
    }

    /// A cell was answered.
    pub fn answered(&self, asked: &Envelope) {
        self.change(|now| now.cells.retain(|cell| cell.asked != *asked));
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now();
        let before = now.record();
        change(&mut now);
        let written = match now.record() {
            Some(record) if before.as_ref() == Some(&record) => Ok(()),
            Some(record) => private::write(&self.path, &record),
            None => private::remove(&self.path),
        };
        if let Err(error) = written {
            tracing::warn!("{}: {error}; a crash would lose the session", self.path.display());
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn record(&self) -> Option<Record> {
        let (server, session, own) = self.session.clone()?;
        Some(Record {
            version: VERSION,
            pid: std::process::id(),
            kind: self.kind,
            server,
            session,
            own,
            count: self.count,
            cells: self.cells.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVER: &str = "http://livy.example:8998";

    /// A journal in a folder of its own, with a session.
    fn journal(name: &str) -> Journal {
        let folder =
            std::env::temp_dir().join(format!("livy-journal-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let journal = Journal::beside(&folder.join("kernel-1.json"), Kind::Pyspark);
        journal.count(4);
        journal.session(Some((SERVER.to_owned(), "8".into(), true)));
        journal
    }

    #[test]
    fn what_was_written_is_inherited() {
        let journal = journal("read");
        let record = journal.inherited(SERVER).unwrap();
        assert_eq!((record.session, record.count, record.cells), ("8".into(), 4, Vec::new()));
        assert!(journal.path.ends_with("kernel-1.livy"));
        journal.session(None);
        assert_eq!(journal.inherited(SERVER), None);
    }

    #[test]
    fn a_cell_stays_until_it_is_answered_itself() {
        let journal = journal("cells");
        let asked = |id: &str| {
            let envelope = json!({"identities": [], "header": id});
            serde_json::from_value::<Envelope>(envelope).unwrap()
        };
        let (kind, silent, first) = (Kind::Pyspark, false, None);
        let statement: Id = "7".into();
        let running = Running {
            session: "8".into(),
            statement: statement.clone(),
            kind,
            count: 4,
            asked: asked("b"),
            left: 0,
            silent,
            first,
            next: 0,
        };
        journal.begins(running);
        journal.shown(&statement, 9);
        journal.shown(&"6".into(), 12);
        journal.answered(&asked("a"));
        assert_eq!(journal.inherited(SERVER).unwrap().cells[0].next, 9);
        assert!(!journal.inherited(SERVER).unwrap().cells[0].silent);
        journal.all_is_shown(&asked("b"));
        assert!(journal.inherited(SERVER).unwrap().cells[0].silent);
        journal.answered(&asked("b"));
        assert_eq!(journal.inherited(SERVER).unwrap().cells, []);
    }

    #[test]
    fn what_is_another_kernels_or_broken_is_ignored() {
        let journal = journal("broken");
        assert_eq!(journal.inherited("http://elsewhere"), None);
        let record = fs::read_to_string(&journal.path).unwrap();
        let living = record.replace(
            &format!("\"pid\":{}", std::process::id()),
            &format!("\"pid\":{}", std::os::unix::process::parent_id()),
        );
        for text in [&record.replace("pyspark", "sql"), &living, "", "{}", "\u{0}", "[1"] {
            fs::write(&journal.path, text).unwrap();
            assert_eq!(journal.inherited(SERVER), None, "{text}");
        }
    }
}
