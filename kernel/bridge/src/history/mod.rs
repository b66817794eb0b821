//! What has been run, by this kernel and by those before it, for `history_request`.

mod file;
mod glob;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use jupyter_wire::content::{HistAccessType, HistoryEntry, HistoryRequest};
use tokio::sync::oneshot;

use self::file::HistoryFile;
use crate::kind::Kind;

/// A disk may hang; a kernel that is to end does not wait for it longer.
const LAST_WORDS: Duration = Duration::from_millis(500);

type Found = Vec<(i64, u32, HistoryEntry)>;

/// The way to the thread that has the history, so that no disk can hold the kernel.
#[derive(Clone)]
pub struct History {
    tasks: mpsc::Sender<Task>,
}

enum Task {
    Add(u32, String),
    Find(HistoryRequest, oneshot::Sender<Found>),
    Rest(oneshot::Sender<()>),
}

/// An input, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Input {
    session: i64,
    line: u32,
    code: String,
}

impl History {
    /// The history of a language, kept in a folder if one is given.
    pub fn open(kind: Kind, folder: Option<PathBuf>) -> Self {
        let (tasks, received) = mpsc::channel();
        let mut archive = Archive::open(kind, folder.as_deref());
        thread::spawn(move || received.into_iter().for_each(|task| archive.carry_out(task)));
        Self { tasks }
    }

    /// Keeps an input.
    pub fn add(&self, line: u32, code: &str) {
        // It fails only if the thread panicked; cells run without a history.
        let _ = self.tasks.send(Task::Add(line, code.to_owned()));
    }

    /// Answers <https://jupyter-client.readthedocs.io/en/stable/messaging.html#history>.
    pub async fn find(&self, request: HistoryRequest) -> Found {
        let (sender, found) = oneshot::channel();
        let _ = self.tasks.send(Task::Find(request, sender));
        found.await.unwrap_or_default()
    }

    /// Waits until all is kept.
    pub async fn rest(&self) {
        let (sender, rested) = oneshot::channel();
        let _ = self.tasks.send(Task::Rest(sender));
        let _ = tokio::time::timeout(LAST_WORDS, rested).await;
    }
}

/// The history itself: this session in memory, and all of them in a file.
struct Archive {
    inputs: Vec<Input>,
    /// This session's number, once it has an input.
    session: Option<i64>,
    file: Option<HistoryFile>,
}

impl Archive {
    fn open(kind: Kind, folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| HistoryFile::new(folder, kind.as_str()));
        Self { inputs: Vec::new(), session: None, file }
    }

    fn carry_out(&mut self, task: Task) {
        // Who asked may have left.
        match task {
            Task::Add(line, code) => self.add(line, code),
            Task::Find(request, found) => drop(found.send(self.find(&request))),
            Task::Rest(rested) => drop(rested.send(())),
        }
    }

    fn add(&mut self, line: u32, code: String) {
        let kept = self.file.as_ref().map(|file| file.append(self.session, line, &code));
        let session = match kept {
            Some(Ok(session)) => session,
            Some(Err(error)) => {
                tracing::warn!("the history is kept in memory only: {error}");
                self.file = None;
                self.session.unwrap_or(1)
            }
            None => self.session.unwrap_or(1),
        };
        self.session = Some(session);
        self.inputs.push(Input { session, line, code });
    }

    fn find(&self, request: &HistoryRequest) -> Found {
        let inputs = self.all();
        let last = inputs.iter().map(|input| input.session).max().unwrap_or(0);
        let current = self.session.unwrap_or(last + 1);
        let found = match request.hist_access_type {
            HistAccessType::Range => range(inputs, current, request),
            HistAccessType::Search => search(inputs, request),
            HistAccessType::Tail => tail(inputs, request.n),
        };
        found.into_iter().map(|input| answer(input, request.output)).collect()
    }

    /// Other sessions first: whoever looks back wants this one's inputs next to hand.
    fn all(&self) -> Vec<Input> {
        let mut inputs = self.file.as_ref().map(HistoryFile::read).unwrap_or_default();
        inputs.retain(|input| Some(input.session) != self.session);
        inputs.extend_from_slice(&self.inputs);
        inputs
    }
}

/// Lines `start` up to, without, `stop` of one session: 0 is this one, negative numbers count back.
fn range(inputs: Vec<Input>, current: i64, request: &HistoryRequest) -> Vec<Input> {
    let session = match request.session {
        relative @ ..=0 => current.saturating_add(relative),
        absolute => absolute,
    };
    let lines = request.start..request.stop.unwrap_or(i64::MAX);
    let within = |input: &Input| input.session == session && lines.contains(&i64::from(input.line));
    inputs.into_iter().filter(within).collect()
}

fn search(mut inputs: Vec<Input>, request: &HistoryRequest) -> Vec<Input> {
    let pattern = request.pattern.as_deref().unwrap_or("*");
    inputs.retain(|input| glob::matches(pattern, &input.code));
    if request.unique {
        inputs = last_of_equals(inputs);
    }
    tail(inputs, request.n)
}

fn tail(mut inputs: Vec<Input>, n: Option<i64>) -> Vec<Input> {
    let most = n.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
    let from = inputs.len().saturating_sub(most);
    inputs.split_off(from)
}

fn last_of_equals(mut inputs: Vec<Input>) -> Vec<Input> {
    let mut seen = HashSet::new();
    inputs.reverse();
    inputs.retain(|input| seen.insert(input.code.clone()));
    inputs.reverse();
    inputs
}

/// Outputs are data of the cluster, and are not kept.
fn answer(Input { session, line, code }: Input, output: bool) -> (i64, u32, HistoryEntry) {
    let entry = match output {
        true => HistoryEntry::InputOutput(code, None),
        false => HistoryEntry::Input(code),
    };
    (session, line, entry)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CODES: [&str; 4] = ["a = 1", "b = 2", "a = 1", "print(a)"];

    fn filled(folder: Option<&Path>) -> Archive {
        let mut archive = Archive::open(Kind::Pyspark, folder);
        for (line, code) in (1..).zip(CODES) {
            archive.add(line, code.to_owned());
        }
        archive
    }

    #[track_caller]
    fn check(archive: &Archive, request: Value, expected: Value) {
        let request: HistoryRequest = serde_json::from_value(request).unwrap();
        let found = serde_json::to_value(archive.find(&request)).unwrap();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_tail_is_the_last_inputs() {
        let archive = filled(None);
        let tail = json!({"hist_access_type": "tail", "n": 2});
        check(&archive, tail, json!([[1, 3, "a = 1"], [1, 4, "print(a)"]]));
    }

    #[test]
    fn a_range_leaves_its_stop_out() {
        let archive = filled(None);
        let range = json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 3});
        check(&archive, range, json!([[1, 2, "b = 2"]]));
        let before = json!({"hist_access_type": "range", "session": -5, "start": 0, "stop": 9});
        check(&archive, before, json!([]));
    }

    #[test]
    fn a_search_is_a_glob_and_may_be_unique() {
        let archive = filled(None);
        let unique = json!({"hist_access_type": "search", "pattern": "a*", "unique": true});
        check(&archive, unique, json!([[1, 3, "a = 1"]]));
        let last = json!({"hist_access_type": "search", "pattern": "?*", "n": 1});
        check(&archive, last, json!([[1, 4, "print(a)"]]));
    }

    #[test]
    fn output_makes_pairs() {
        let pairs = json!({"hist_access_type": "tail", "n": 1, "output": true});
        check(&filled(None), pairs, json!([[1, 4, ["print(a)", null]]]));
    }

    #[test]
    fn the_next_kernel_finds_what_the_last_one_kept() {
        let folder = tempfile::tempdir().unwrap();
        filled(Some(folder.path()));
        let mut next = Archive::open(Kind::Pyspark, Some(folder.path()));
        let back = json!({"hist_access_type": "range", "session": -1, "start": 1, "stop": 2});
        check(&next, back.clone(), json!([[1, 1, "a = 1"]]));
        next.add(1, "c = 3".to_owned());
        check(&next, back, json!([[1, 1, "a = 1"]]));
        let tail = json!({"hist_access_type": "tail", "n": 2});
        check(&next, tail, json!([[1, 4, "print(a)"], [2, 1, "c = 3"]]));
        let first = json!({"hist_access_type": "range", "session": 1, "start": 2, "stop": 3});
        check(&next, first, json!([[1, 2, "b = 2"]]));
    }

    #[test]
    fn each_language_has_a_history_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        filled(Some(folder.path()));
        let sql = Archive::open(Kind::Sql, Some(folder.path()));
        check(&sql, json!({"hist_access_type": "tail"}), json!([]));
    }

    #[test]
    fn where_nothing_can_be_written_the_session_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let no_folder = folder.path().join("file");
        std::fs::write(&no_folder, "").unwrap();
        let archive = filled(Some(&no_folder));
        check(&archive, json!({"hist_access_type": "tail", "n": 1}), json!([[1, 4, "print(a)"]]));
    }
}
