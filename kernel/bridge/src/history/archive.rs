//! All inputs of a history, and how each request finds its own.

use std::{collections::HashSet, path::Path};

use jupyter_wire::content::{HistAccessType, HistoryEntry, HistoryRequest};

use crate::{
    history::{file::HistoryFile, glob::Glob, input::Input},
    kind::Kind,
    output::redact::cell_without_secrets,
};

/// The inputs that a request finds, as `history_reply` has them: session, line, and the input with or
/// without its output.
pub type Found = Vec<(i64, u32, HistoryEntry)>;

/// The inputs of this session in memory, and those of all sessions in a file.
pub struct Archive {
    inputs: Vec<Input>,
    /// The number of this session, which it gets with its first input.
    session: Option<i64>,
    file: Option<HistoryFile>,
}

impl Archive {
    /// The archive of a language, kept in a folder if one is given.
    pub fn open(kind: Kind, folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| HistoryFile::new(folder, kind.as_str()));
        Self { inputs: Vec::new(), session: None, file }
    }

    /// Keeps an input, in the file without its secrets. A file that cannot be written is given up.
    pub fn add(&mut self, line: u32, code: String) {
        let session = self.write(line, &code).or(self.session).unwrap_or(1);
        self.session = Some(session);
        self.inputs.push(Input { session, line, code, output: None });
    }

    /// Writes an input to the file, and returns the number of its session there.
    fn write(&mut self, line: u32, code: &str) -> Option<i64> {
        let file = self.file.as_ref()?;
        match file.append(self.session, line, &cell_without_secrets(code)) {
            Ok(session) => Some(session),
            Err(error) => {
                tracing::warn!(
                    "the history is kept in memory only, since its folder cannot be used: {error}; \
                     set JUPYTER_DATA_DIR to a folder that you can write"
                );
                self.file = None;
                None
            }
        }
    }

    /// Remembers the output of an input of this session.
    pub fn add_output(&mut self, line: u32, text: String) {
        if let Some(input) = self.inputs.iter_mut().rfind(|input| input.line == line) {
            input.output = Some(text);
        }
    }

    /// Finds the inputs that a request asks for.
    pub fn find(&self, request: &HistoryRequest) -> Found {
        let inputs = self.all();
        let last = inputs.iter().map(|input| input.session).max().unwrap_or(0);
        let current = self.session.unwrap_or(last.saturating_add(1));
        let found = match request.hist_access_type {
            HistAccessType::Range => range(inputs, current, request),
            HistAccessType::Search => search(inputs, request),
            HistAccessType::Tail => tail(inputs, request.n),
        };
        found.into_iter().map(|input| entry(input, request.output)).collect()
    }

    /// All inputs. This session's come last, since the user who searches backwards wants them first.
    fn all(&self) -> Vec<Input> {
        let mut inputs = self.file.as_ref().map(HistoryFile::read).unwrap_or_default();
        inputs.retain(|input| Some(input.session) != self.session);
        inputs.extend_from_slice(&self.inputs);
        inputs
    }
}

/// The lines from `start` up to, but without, `stop` of one session: 0 is the current session, and
/// negative numbers count back from it.
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
    let glob = Glob::new(pattern);
    inputs.retain(|input| glob.matches(&input.code));
    if request.unique {
        inputs = without_duplicates(inputs);
    }
    tail(inputs, request.n)
}

fn tail(mut inputs: Vec<Input>, n: Option<i64>) -> Vec<Input> {
    let limit = n.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
    let from = inputs.len().saturating_sub(limit);
    inputs.split_off(from)
}

/// Keeps the last of equal inputs.
fn without_duplicates(mut inputs: Vec<Input>) -> Vec<Input> {
    let mut seen = HashSet::new();
    inputs.reverse();
    inputs.retain(|input| seen.insert(input.code.clone()));
    inputs.reverse();
    inputs
}

fn entry(input: Input, with_output: bool) -> (i64, u32, HistoryEntry) {
    let Input { session, line, code, output } = input;
    let entry = match with_output {
        true => HistoryEntry::InputOutput(code, output),
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
    fn a_range_excludes_its_stop() {
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
        let mut archive = filled(None);
        check(&archive, pairs.clone(), json!([[1, 4, ["print(a)", null]]]));
        archive.add_output(4, "1".to_owned());
        check(&archive, pairs, json!([[1, 4, ["print(a)", "1"]]]));
    }

    #[test]
    fn outputs_are_not_written_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        filled(Some(folder.path())).add_output(4, "1".to_owned());
        let next = Archive::open(Kind::Pyspark, Some(folder.path()));
        let pairs = json!({"hist_access_type": "tail", "n": 1, "output": true});
        check(&next, pairs, json!([[1, 4, ["print(a)", null]]]));
    }

    #[test]
    fn secrets_of_a_configuration_are_not_written_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let cell = "%%configure\n{\"conf\": {\"a.secret.key\": \"hidden\"}}";
        let mut archive = Archive::open(Kind::Pyspark, Some(folder.path()));
        archive.add(1, cell.to_owned());
        let tail = json!({"hist_access_type": "tail", "n": 1});
        check(&archive, tail.clone(), json!([[1, 1, cell]]));
        let next = Archive::open(Kind::Pyspark, Some(folder.path()));
        let found = next.find(&serde_json::from_value(tail).unwrap());
        assert!(!serde_json::to_string(&found).unwrap().contains("hidden"), "{found:?}");
    }

    #[test]
    fn the_next_kernel_finds_the_inputs_of_the_last_one() {
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
    fn each_language_has_its_own_history() {
        let folder = tempfile::tempdir().unwrap();
        filled(Some(folder.path()));
        let sql = Archive::open(Kind::Sql, Some(folder.path()));
        check(&sql, json!({"hist_access_type": "tail"}), json!([]));
    }

    #[test]
    fn without_a_usable_folder_the_session_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let no_folder = folder.path().join("file");
        std::fs::write(&no_folder, "").unwrap();
        let archive = filled(Some(&no_folder));
        check(&archive, json!({"hist_access_type": "tail", "n": 1}), json!([[1, 4, "print(a)"]]));
    }
}
