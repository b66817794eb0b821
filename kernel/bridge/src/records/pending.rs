//! The statements that were sent, or are about to be, and have no line yet: a file for each kernel, locked while that
//! runs. It has a line for each step, so that a kernel may be killed at any of them.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use livy_client::Identity;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    platform::{jupyter_paths::kernels_folder, private_file},
    records::event::SessionFacts,
};

/// A statement before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Names the statement in the audit.
    pub id: Uuid,
    /// The process of the kernel that sends it.
    pub pid: u32,
    /// When, in nanoseconds since 1970.
    pub time: i128,
    /// Its session, for the audit.
    pub session: SessionFacts,
    /// What tells the session from others, for whoever asks Livy.
    pub identity: Identity,
    /// `cell`, or `kernel` for what that runs by itself.
    pub source: String,
    /// Its language.
    pub kind: String,
    /// The hash of the code, as the user has written it.
    pub sha256: String,
    /// That code, if an audit wants it.
    pub code: Option<String>,
    /// The hash of the code that Livy gets, by which the statement is found again.
    pub sent_sha256: String,
    /// The newest statement that the kernel has sent to the session before.
    pub after: Option<String>,
    /// Its number, once Livy has told it.
    pub statement: Option<String>,
}

impl Sent {
    /// When it was sent.
    pub fn time(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(self.time).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Sent(Box<Sent>),
    HasNumber(Uuid, String),
    Told(Uuid),
}

/// The statements of this kernel that have no line yet.
#[derive(Debug)]
pub struct Pending {
    folder: Option<PathBuf>,
    /// The file, once there was something to note.
    file: Option<(PathBuf, File)>,
    sent: Vec<Sent>,
}

impl Pending {
    /// Those of a kernel that has sent nothing yet, among the files of this user's kernels.
    pub fn of_this_user() -> Self {
        Self::within(kernels_folder("audit").ok())
    }

    fn within(folder: Option<PathBuf>) -> Self {
        Self { folder, file: None, sent: Vec::new() }
    }

    /// Notes a statement.
    ///
    /// # Errors
    ///
    /// It cannot be noted.
    pub fn add(&mut self, sent: Sent) -> io::Result<()> {
        self.note(&Step::Sent(Box::new(sent.clone())))?;
        self.sent.push(sent);
        Ok(())
    }

    /// Notes the number of a statement.
    pub fn set_number(&mut self, id: Uuid, number: String) -> io::Result<()> {
        let Some(sent) = self.sent.iter_mut().find(|sent| sent.id == id) else { return Ok(()) };
        sent.statement = Some(number.clone());
        self.note(&Step::HasNumber(id, number))
    }

    /// Returns a statement that has no line yet.
    pub fn get(&self, id: Uuid) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.id == id)
    }

    /// Returns the statements of a session that have no line yet, and whether Livy has told their numbers.
    pub fn of_session(&self, session: &SessionFacts) -> Vec<(Uuid, bool)> {
        let of_it = self.sent.iter().filter(|sent| sent.session.is(session));
        of_it.map(|sent| (sent.id, sent.statement.is_some())).collect()
    }

    /// Notes that a statement has its line, or needs none.
    pub fn remove(&mut self, id: Uuid) -> io::Result<()> {
        self.sent.retain(|sent| sent.id != id);
        match &self.file {
            Some((_, file)) if self.sent.is_empty() => file.set_len(0),
            _ => self.note(&Step::Told(id)),
        }
    }

    /// Takes over what kernels have left that do not run any more. Returns it.
    pub fn take_leftovers(&mut self) -> Vec<Sent> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        let mut taken = Vec::new();
        for path in paths {
            let is_ours = self.file.as_ref().is_some_and(|(ours, _)| *ours == path);
            if !is_ours && let Err(error) = self.take(&path, &mut taken) {
                tracing::warn!("{} is ignored: {error}", path.display());
            }
        }
        taken
    }

    /// Takes over a file, unless its kernel runs. Should this kernel end meanwhile, both have it.
    fn take(&mut self, path: &Path, taken: &mut Vec<Sent>) -> io::Result<()> {
        let mut file = private_file::open_again(path)?;
        if file.try_lock().is_err() {
            return Ok(());
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        for sent in unfinished(&text) {
            self.add(sent.clone())?;
            taken.push(sent);
        }
        private_file::remove(path)
    }

    /// Removes the file, if nothing is to be told any more; another note makes another.
    pub fn remove_empty_file(&mut self) {
        if let Some((path, _)) = self.file.take_if(|_| self.sent.is_empty())
            && let Err(error) = private_file::remove(&path)
        {
            tracing::debug!("{}: {error}", path.display());
        }
    }

    fn note(&mut self, step: &Step) -> io::Result<()> {
        let line = serde_json::to_string(step)? + "\n";
        let file = match &mut self.file {
            Some((_, file)) => file,
            None => &mut self.file.insert(create(self.folder.as_deref())?).1,
        };
        // Behind what is there, also after it was emptied.
        file.seek(io::SeekFrom::End(0))?;
        file.write_all(line.as_bytes())
    }
}

fn create(folder: Option<&Path>) -> io::Result<(PathBuf, File)> {
    let folder = folder.ok_or_else(|| io::Error::other("there is no home folder"))?;
    private_file::create_folder(folder)?;
    let path = folder.join(Uuid::new_v4().simple().to_string());
    let file = private_file::create_new(&path)?;
    // Some network disks have no locks: then nobody takes it over either.
    let _ = file.try_lock();
    Ok((path, file))
}

/// Returns what has no line yet; a last step that was cut has not happened.
fn unfinished(text: &str) -> Vec<Sent> {
    let mut all: Vec<Sent> = Vec::new();
    for step in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match step {
            Step::Sent(sent) => all.push(*sent),
            Step::Told(id) => all.retain(|sent| sent.id != id),
            Step::HasNumber(id, number) => {
                for sent in all.iter_mut().filter(|sent| sent.id == id) {
                    sent.statement = Some(number.clone());
                }
            }
        }
    }
    all
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn pending(folder: &Path) -> Pending {
        Pending::within(Some(folder.join("audit")))
    }

    pub(crate) fn sent(code: &str) -> Sent {
        Sent {
            id: Uuid::new_v4(),
            pid: 1,
            time: 0,
            session: SessionFacts { session: "7".to_owned(), ..SessionFacts::default() },
            identity: serde_json::from_value(json!({"id": 7})).unwrap(),
            source: "cell".to_owned(),
            kind: "pyspark".to_owned(),
            sha256: code.to_owned(),
            code: None,
            sent_sha256: code.to_owned(),
            after: None,
            statement: None,
        }
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder.join("audit")).map_or(0, Iterator::count)
    }

    #[test]
    fn a_kernel_that_was_killed_leaves_what_has_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let (mut killed, mut next) = (pending(folder.path()), pending(folder.path()));
        let all = ["told", "numbered", "about to be sent"].map(sent);
        all.iter().for_each(|sent| killed.add(sent.clone()).unwrap());
        killed.remove(all[0].id).unwrap();
        killed.set_number(all[1].id, "3".to_owned()).unwrap();
        assert_eq!(next.take_leftovers(), [], "it still runs");
        // As at its death: the lock is gone, the file is not.
        drop(killed.file.take());
        let left = next.take_leftovers();
        let told = |sent: &Sent| (sent.sha256.clone(), sent.statement.clone());
        let numbered = ("numbered".to_owned(), Some("3".to_owned()));
        assert_eq!(left.iter().map(told).collect::<Vec<_>>(), [numbered, told(&all[2])]);
        assert_eq!((next.take_leftovers(), files(folder.path())), (Vec::new(), 1));
        left.iter().for_each(|sent| next.remove(sent.id).unwrap());
        next.remove_empty_file();
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn a_line_that_was_cut_has_not_happened() {
        let folder = tempfile::tempdir().unwrap();
        let mut killed = pending(folder.path());
        killed.add(sent("whole")).unwrap();
        let (path, _) = killed.file.take().unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text += &serde_json::to_string(&Step::Sent(Box::new(sent("cut")))).unwrap()[..40];
        fs::write(&path, text).unwrap();
        let left = pending(folder.path()).take_leftovers();
        assert_eq!(left.iter().map(|sent| &*sent.sha256).collect::<Vec<_>>(), ["whole"]);
    }

    #[test]
    fn a_file_that_is_emptied_goes_on_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let mut kernel = pending(folder.path());
        for code in ["one", "two"] {
            let sent = sent(code);
            kernel.add(sent.clone()).unwrap();
            kernel.remove(sent.id).unwrap();
        }
        kernel.add(sent("three")).unwrap();
        let text = fs::read_to_string(&kernel.file.as_ref().unwrap().0).unwrap();
        assert_eq!(unfinished(&text).len(), 1);
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn without_a_folder_nothing_may_be_sent() {
        Pending::within(None).add(sent("1")).unwrap_err();
    }
}
