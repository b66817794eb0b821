//! What a kernel writes down for the kernel that Jupyter starts in its place after a crash: one of its
//! [`StateFiles`]. It holds ids and addresses, no code, no output and no secret.
//!
//! A thread of its own writes the file, in the order of the notes, so that a slow disk holds up neither
//! the kernel's loop nor its other tasks. Code that must not go on before its note is in the file awaits
//! [`Journal::written`].

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jupyter_wire::{Envelope, Frontend};
use livy_client::{Id, Identity};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    kind::Kind,
    platform::{private_file, process_alive::is_alive, state_files::StateFiles, task},
    session::origin::Origin,
};

/// Version of the file's format; files of any other version are ignored.
const FORMAT_VERSION: u32 = 6;
/// A disk may hang: nothing waits longer than this for a note to be in the file.
const DISK_LIMIT: Duration = Duration::from_secs(2);
/// How long what was handed to a socket may take to leave this process.
const SOCKET_FLUSH_TIME: Duration = Duration::from_millis(20);

/// What a kernel had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// The process of the kernel that wrote this.
    pid: u32,
    /// The kernel's language.
    kind: Kind,
    /// The server's address, without credentials.
    pub server: String,
    /// What tells the session from others of its id.
    pub session: Identity,
    /// Where the kernel had the session from.
    pub origin: Origin,
    /// The number of the last cell.
    pub count: u32,
    /// The cells that run, in the order in which Livy got them: more than one, if those of an
    /// earlier kernel have not ended.
    pub cells: Vec<Running>,
}

impl Record {
    /// The same for a frontend that has kept the cells up to this number, and nothing of later ones: what those
    /// give is shown from its beginning.
    pub fn after_cell(mut self, count: u32) -> Self {
        self.cells.retain(|cell| cell.count > count);
        for cell in &mut self.cells {
            (cell.silent, cell.next) = (false, cell.first.unwrap_or_default());
        }
        self.count = self.cells.iter().map(|cell| cell.count).fold(count, u32::max);
        self
    }
}

/// A cell that Livy has, and whose end was not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The session that it runs in.
    pub session: Id,
    /// The statement that runs now.
    pub statement: Id,
    /// The language of the statement.
    pub kind: Kind,
    /// The cell's number, as it is shown in brackets.
    pub count: u32,
    /// What is needed to answer the request that asked for it.
    pub asked: Envelope,
    /// How many statements of the cell were to follow.
    pub left: usize,
    /// Nothing of it is to be shown, because its request was silent or because all was shown.
    pub silent: bool,
    /// The number of the agent's first event of the statement, if the session has an agent.
    pub first: Option<u64>,
    /// The number of the agent's first event that was not shown.
    pub next: u64,
}

/// A session, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionNote {
    /// The server's address, without credentials.
    pub server: String,
    /// What tells the session from others of its id.
    pub identity: Identity,
    /// Where the kernel has the session from.
    pub origin: Origin,
}

/// The way to the thread that writes the file.
#[derive(Clone, Debug)]
pub struct Journal {
    tasks: mpsc::Sender<Task>,
    files: Arc<StateFiles>,
}

enum Task {
    Note(Box<dyn FnOnce(&mut Contents) + Send>),
    Read {
        servers: Vec<String>,
        found: oneshot::Sender<Option<Record>>,
    },
    /// Answered when everything before it is done.
    Reach(oneshot::Sender<()>),
}

impl Journal {
    /// Starts a journal among these files, for a kernel of this language.
    pub fn new(files: StateFiles, kind: Kind) -> Self {
        Self::start(files, Contents::of(kind))
    }

    /// The same for a frontend that has to write down what a cell gives, and sends the next cell then: until that one
    /// runs, the cell stays in the file although it was answered.
    pub fn keeping_last_cell(files: StateFiles, kind: Kind) -> Self {
        Self::start(files, Contents { keeps_last_cell: true, ..Contents::of(kind) })
    }

    fn start(files: StateFiles, contents: Contents) -> Self {
        let (tasks, received) = mpsc::channel();
        let mut writer = Writer { path: path(&files), contents };
        let work = move || received.into_iter().for_each(|task| writer.survive(task));
        if let Err(error) = thread::Builder::new().name("journal".to_owned()).spawn(work) {
            tracing::warn!("a crash of the kernel would lose the session: {error}");
        }
        Self { tasks, files: Arc::new(files) }
    }

    /// Where Spark on this machine has its lease.
    pub fn lease(&self) -> PathBuf {
        self.files.path("livy-local")
    }

    /// The file that says, while it is there, that the next session is to have no variables.
    pub fn wish_for_new(&self) -> PathBuf {
        self.files.path("restarted")
    }

    /// Returns what a killed kernel had, if it had this language and one of these servers. A disk that
    /// hangs has nothing.
    pub async fn inherited(&self, servers: &[String]) -> Option<Record> {
        let (found, record) = oneshot::channel();
        self.send(Task::Read { servers: servers.to_owned(), found });
        timeout(DISK_LIMIT, record).await.ok()?.ok()?
    }

    /// Goes on with what was inherited.
    pub fn adopt(&self, record: &Record) {
        let Record { server, session, origin, count, cells, .. } = record.clone();
        self.note(move |contents| {
            contents.count = count;
            contents.session = Some(SessionNote { server, identity: session, origin });
            contents.cells = cells;
        });
    }

    /// Notes the kernel's session, or that it has none.
    pub fn session(&self, session: Option<SessionNote>) {
        self.note(|contents| contents.session = session);
    }

    /// Notes the number of the newest cell.
    pub fn count(&self, count: u32) {
        self.note(move |contents| contents.count = count);
    }

    /// Notes that a statement of a cell runs, and so that those of the cell that came before it have
    /// ended. It returns when this is in the file: what the statement gives may be shown from then on.
    pub async fn begins(&self, cell: Running) {
        self.note(|contents| {
            contents
                .cells
                .retain(|earlier| earlier.asked != cell.asked && !contents.keeps_last_cell);
            contents.cells.push(cell);
        });
        self.written().await;
    }

    /// Notes how far a statement was shown. A note that comes late does not take back what others have
    /// said.
    pub fn shown(&self, statement: &Id, next: u64) {
        let statement = statement.clone();
        self.note(move |contents| {
            for cell in contents.cells.iter_mut().filter(|cell| cell.statement == statement) {
                cell.next = cell.next.max(next);
            }
        });
    }

    /// Notes that all that a cell gave was shown; it is still to be answered.
    pub fn all_is_shown(&self, asked: &Envelope) {
        let asked = asked.clone();
        self.note(move |contents| {
            for cell in contents.cells.iter_mut().filter(|cell| cell.asked == asked) {
                cell.silent = true;
            }
        });
    }

    /// Notes that a cell was answered.
    pub fn answered(&self, asked: &Envelope) {
        let asked = asked.clone();
        self.note(move |contents| {
            contents.cells.retain(|cell| cell.asked != asked || contents.keeps_last_cell);
        });
    }

    /// Makes a note about something that was shown, once that has certainly left this process: a kernel
    /// that is killed in between shows it again, where otherwise it would be lost.
    pub fn note_departure(&self, frontend: &Frontend, note: impl FnOnce(&Self) + Send + 'static) {
        let (journal, frontend) = (self.clone(), frontend.clone());
        task::spawn_detached("it wrote its journal", async move {
            if frontend.delivered().await {
                sleep(SOCKET_FLUSH_TIME).await;
                note(&journal);
            }
        });
    }

    /// Waits until everything noted so far is in the file.
    pub async fn written(&self) {
        let (sender, written) = oneshot::channel();
        self.send(Task::Reach(sender));
        if timeout(DISK_LIMIT, written).await.is_err() {
            let path = path(&self.files);
            tracing::warn!("{}: the disk hangs; a crash would lose the session", path.display());
        }
    }

    fn note(&self, note: impl FnOnce(&mut Contents) + Send + 'static) {
        self.send(Task::Note(Box::new(note)));
    }

    fn send(&self, task: Task) {
        // It fails only if there is no thread, which the log has said; cells run without a journal.
        let _ = self.tasks.send(task);
    }
}

/// The file's name does not end in `.json`: Jupyter takes the newest `kernel-*.json` for a kernel to
/// connect to.
fn path(files: &StateFiles) -> PathBuf {
    files.path("livy")
}

/// The file, and what is in it.
struct Writer {
    path: PathBuf,
    contents: Contents,
}

struct Contents {
    kind: Kind,
    count: u32,
    session: Option<SessionNote>,
    cells: Vec<Running>,
    /// A cell that was answered stays until the next one runs.
    keeps_last_cell: bool,
}

impl Writer {
    /// A task that fails does not keep later notes from being written.
    fn survive(&mut self, task: Task) {
        if catch_unwind(AssertUnwindSafe(|| self.carry_out(task))).is_err() {
            tracing::error!("the kernel itself failed while it wrote its journal");
        }
    }

    fn carry_out(&mut self, task: Task) {
        // Whoever asked may have left.
        match task {
            Task::Note(note) => self.change(note),
            Task::Read { servers, found } => drop(found.send(self.inherited(&servers))),
            Task::Reach(reached) => drop(reached.send(())),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Contents)) {
        let before = self.contents.record();
        change(&mut self.contents);
        let written = match self.contents.record() {
            Some(record) if before.as_ref() == Some(&record) => Ok(()),
            Some(record) => private_file::write_json(&self.path, &record),
            None => private_file::remove(&self.path),
        };
        if let Err(error) = written {
            tracing::warn!("{}: {error}; a crash would lose the session", self.path.display());
        }
    }

    fn inherited(&self, servers: &[String]) -> Option<Record> {
        let record: Record = private_file::read_json(&self.path)?;
        let is_gone = record.pid == std::process::id() || !is_alive(record.pid);
        let fits = record.version == FORMAT_VERSION
            && record.kind == self.contents.kind
            && servers.contains(&record.server);
        (is_gone && fits).then_some(record)
    }
}

impl Contents {
    fn of(kind: Kind) -> Self {
        Self { kind, count: 0, session: None, cells: Vec::new(), keeps_last_cell: false }
    }

    fn record(&self) -> Option<Record> {
        let SessionNote { server, identity, origin } = self.session.clone()?;
        Some(Record {
            version: FORMAT_VERSION,
            pid: std::process::id(),
            kind: self.kind,
            server,
            session: identity,
            origin,
            count: self.count,
            cells: self.cells.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    const SERVER: &str = "http://livy.example:8998";

    fn session() -> Identity {
        serde_json::from_value(json!({"id": 8, "name": "mine", "app_id": "application_1"})).unwrap()
    }

    /// A journal in a folder of its own, with a session.
    fn journal() -> (Journal, tempfile::TempDir) {
        with_session(Journal::new)
    }

    fn with_session(start: fn(StateFiles, Kind) -> Journal) -> (Journal, tempfile::TempDir) {
        let folder = private_file::temporary_folder("livy-journal-").unwrap();
        let files = StateFiles::for_connection_file(&folder.path().join("kernel-1.json")).unwrap();
        let journal = start(files, Kind::Pyspark);
        journal.count(4);
        let server = SERVER.to_owned();
        let origin = Origin::Started;
        journal.session(Some(SessionNote { server, identity: session(), origin }));
        (journal, folder)
    }

    fn asked(id: &str) -> Envelope {
        serde_json::from_value(json!({"identities": [], "header": id})).unwrap()
    }

    fn running(statement: &str, asked: Envelope) -> Running {
        Running {
            session: "8".into(),
            statement: statement.into(),
            kind: Kind::Pyspark,
            count: 4,
            asked,
            left: 0,
            silent: false,
            first: None,
            next: 0,
        }
    }

    async fn inherited(journal: &Journal) -> Option<Record> {
        journal.inherited(&["http://another.example".to_owned(), SERVER.to_owned()]).await
    }

    async fn cells(journal: &Journal) -> Vec<Running> {
        inherited(journal).await.unwrap().cells
    }

    #[tokio::test]
    async fn what_was_written_is_inherited() {
        let (journal, _folder) = journal();
        let record = inherited(&journal).await.unwrap();
        assert_eq!((record.session, record.count, record.cells), (session(), 4, Vec::new()));
        assert!(path(&journal.files).ends_with("kernel-1.livy"));
        journal.session(None);
        assert_eq!(inherited(&journal).await, None);
    }

    #[tokio::test]
    async fn a_cell_stays_until_it_is_answered_itself() {
        let (journal, _folder) = journal();
        journal.begins(running("7", asked("b"))).await;
        journal.answered(&asked("a"));
        assert!(!cells(&journal).await[0].silent);
        journal.all_is_shown(&asked("b"));
        assert!(cells(&journal).await[0].silent);
        journal.answered(&asked("b"));
        assert_eq!(cells(&journal).await, []);
    }

    #[tokio::test]
    async fn what_was_shown_stays_shown_whatever_comes_late() {
        let (journal, _folder) = journal();
        journal.begins(running("7", asked("b"))).await;
        for (statement, next) in [("7", 9), ("7", 8), ("6", 12), ("7", 0)] {
            journal.shown(&statement.into(), next);
        }
        assert_eq!(cells(&journal).await[0].next, 9);
        for next in (0..200).rev() {
            let (journal, statement) = (journal.clone(), "7".into());
            tokio::spawn(async move { journal.shown(&statement, next) });
        }
        tokio::task::yield_now().await;
        assert_eq!(cells(&journal).await[0].next, 199);
    }

    #[tokio::test]
    async fn a_frontend_that_has_kept_less_is_shown_the_rest_again() {
        let (journal, _folder) = journal();
        let cell = Running { silent: true, first: Some(3), next: 9, ..running("7", asked("b")) };
        journal.begins(cell.clone()).await;
        let record = inherited(&journal).await.unwrap();
        let again = Running { silent: false, next: 3, ..cell };
        assert_eq!(record.clone().after_cell(3).cells, [again]);
        let kept = Record { count: 9, ..record }.after_cell(4);
        assert_eq!((kept.count, kept.cells), (4, Vec::new()));
    }

    #[tokio::test]
    async fn a_frontend_that_writes_finds_its_last_cell_until_it_sends_another() {
        let (journal, _folder) = with_session(Journal::keeping_last_cell);
        for (statement, id) in [("7", "a"), ("8", "b")] {
            journal.begins(running(statement, asked(id))).await;
            journal.answered(&asked(id));
            assert_eq!(cells(&journal).await, [running(statement, asked(id))]);
        }
    }

    #[tokio::test]
    async fn a_statement_that_has_begun_is_in_the_file() {
        let (journal, _folder) = journal();
        for statement in ["7", "8", "9"] {
            journal.begins(running(statement, asked("b"))).await;
            let text = fs::read_to_string(path(&journal.files)).unwrap();
            let record: Record = serde_json::from_str(&text).unwrap();
            assert_eq!(record.cells, [running(statement, asked("b"))]);
        }
    }

    #[tokio::test]
    async fn a_disk_that_hangs_holds_nobody_up_for_long_and_what_was_noted_is_written_then() {
        let (journal, _folder) = journal();
        let (goes_on, hangs) = mpsc::channel::<()>();
        journal.note(move |_| hangs.recv().unwrap());
        journal.count(5);
        let before = std::time::Instant::now();
        journal.begins(running("7", asked("b"))).await;
        assert!(before.elapsed() >= DISK_LIMIT);
        goes_on.send(()).unwrap();
        let record = inherited(&journal).await.unwrap();
        assert_eq!((record.count, record.cells.len()), (5, 1));
    }

    #[tokio::test]
    async fn a_note_that_fails_leaves_the_others_their_journal() {
        let (journal, _folder) = journal();
        journal.note(|_| panic!("a test of panics"));
        journal.count(5);
        assert_eq!(inherited(&journal).await.unwrap().count, 5);
    }

    #[tokio::test]
    async fn what_is_another_kernels_or_broken_is_ignored() {
        let (journal, _folder) = journal();
        assert_eq!(journal.inherited(&["http://elsewhere".to_owned()]).await, None);
        let path = path(&journal.files);
        let record = fs::read_to_string(&path).unwrap();
        let living = record.replace(
            &format!("\"pid\":{}", std::process::id()),
            &format!("\"pid\":{}", std::os::unix::process::parent_id()),
        );
        for text in [&record.replace("pyspark", "sql"), &living, "", "{}", "\u{0}", "[1"] {
            fs::write(&path, text).unwrap();
            assert_eq!(inherited(&journal).await, None, "{text}");
        }
    }
}
