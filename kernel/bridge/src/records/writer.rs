//! The thread that writes audits and counts, in the order of what happens.

use std::{
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::records::{
    audit::{Audit, AuditError, Line},
    event::{Event, StatementEnd, StatementLine},
    metrics::{Count, Counters},
    metrics_file,
    pending::{Pending, Sent},
    person::Person,
};

/// How long counts wait for others, to be written together.
const COUNTING_PAUSE: Duration = Duration::from_secs(2);

/// What the thread is asked.
#[derive(Debug)]
pub enum Task {
    Check(oneshot::Sender<Result<(), AuditError>>),
    Begin(Box<Sent>, oneshot::Sender<Result<(), AuditError>>),
    HasNumber(Uuid, String),
    Forget(Uuid),
    End(Uuid, StatementEnd),
    Note(Box<Event>),
    Count(Count),
    TakeLeftovers(oneshot::Sender<Vec<Sent>>),
    Reach(oneshot::Sender<()>),
}

/// What the thread has.
pub struct Writer {
    person: Person,
    audits: Vec<Audit>,
    pending: Pending,
    /// Lines that could not be written yet, each with the audit that it is for.
    unwritten: VecDeque<(Audit, Line)>,
    metrics: Option<PathBuf>,
    counters: Counters,
    counted_at: Instant,
}

impl Writer {
    /// A writer of these audits, and of counts into this file.
    pub fn new(audits: Vec<Audit>, metrics: Option<PathBuf>) -> Self {
        Self {
            person: Person::of_process(),
            audits,
            pending: Pending::of_this_user(),
            unwritten: VecDeque::new(),
            metrics,
            counters: Counters::default(),
            counted_at: Instant::now(),
        }
    }

    /// Carries out tasks until nobody can send any more.
    pub fn write_all(mut self, tasks: &Receiver<Task>) {
        loop {
            match tasks.recv_timeout(self.pause()) {
                Ok(task) => self.survive(|this| this.carry_out(task)),
                Err(RecvTimeoutError::Timeout) => self.survive(Self::write_counts),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.survive(Self::write_counts);
    }

    /// How long to wait for the next task before the counts are written.
    fn pause(&self) -> Duration {
        match self.counters.is_empty() {
            true => Duration::from_secs(3600),
            false => COUNTING_PAUSE.saturating_sub(self.counted_at.elapsed()),
        }
    }

    /// A task that fails does not keep later ones from being carried out.
    fn survive(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!("the kernel itself failed while it wrote what was done");
        }
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            // Whoever has asked may have left.
            Task::Check(answer) => drop(answer.send(self.check())),
            Task::Begin(sent, answer) => drop(answer.send(self.begin(*sent))),
            Task::TakeLeftovers(answer) => drop(answer.send(self.pending.take_leftovers())),
            Task::HasNumber(id, number) => self.warn_of(|this| this.pending.set_number(id, number)),
            Task::Forget(id) => self.warn_of(|this| this.pending.remove(id)),
            Task::End(id, end) => self.end(id, end),
            Task::Note(event) => self.note(*event),
            Task::Count(count) => self.count(|counters| counters.add(count)),
            Task::Reach(reached) => {
                self.write_counts();
                self.pending.remove_empty_file();
                let _ = reached.send(());
            }
        }
    }

    /// Checks that a line can be written to each audit.
    fn check(&mut self) -> Result<(), AuditError> {
        self.write_again()?;
        self.audits.iter().try_for_each(|audit| {
            audit.to.check().map_err(|error| AuditError::of(&audit.to, &error))
        })
    }

    /// Notes a statement before it is sent, if its line can be written later.
    fn begin(&mut self, sent: Sent) -> Result<(), AuditError> {
        self.check()?;
        self.pending.add(sent).map_err(|error| AuditError::of_pending(&error))
    }

    /// Tells a statement, once.
    fn end(&mut self, id: Uuid, end: StatementEnd) {
        let is_told = self.unwritten.iter().any(|(_, line)| line.id == id);
        let Some(sent) = self.pending.get(id).cloned().filter(|_| !is_told) else { return };
        let time = sent.time();
        let Sent { session, statement, source, kind, sha256, code, pid, .. } = sent;
        let event = StatementLine { session, statement, source, kind, sha256, code, end };
        let event = Event::Statement(Box::new(event));
        let line = Line::at(time, id, &self.person, pid, event);
        // The kernel that sent it may have been killed right after it wrote the line.
        let is_of_other = pid != std::process::id();
        let id_of_line = id.to_string();
        self.write(&line, |audit| is_of_other && audit.to.has(&id_of_line));
        self.forget_if_written(id);
    }

    /// Tells something else. What a session had running when it ended has ended with it.
    fn note(&mut self, event: Event) {
        self.count(|counters| counters.add_event(&event));
        if self.audits.is_empty() {
            return;
        }
        if let Event::SessionEnd { session, state } = &event
            && let Some(end) = state.of_statements()
        {
            for (id, has_number) in self.pending.of_session(session) {
                // Whether one without a number has arrived will never be known.
                self.end(id, StatementEnd::of(if has_number { end } else { "unknown" }));
            }
        }
        let line = Line::now(&self.person, event);
        self.write(&line, |_| false);
    }

    fn write(&mut self, line: &Line, is_there: impl Fn(&Audit) -> bool) {
        for audit in self.audits.iter().filter(|audit| !is_there(audit)) {
            self.unwritten.push_back((audit.clone(), line.clone()));
        }
        if let Err(error) = self.write_again() {
            tracing::warn!("{error}");
        }
    }

    /// Writes what could not be written before, in its order.
    fn write_again(&mut self) -> Result<(), AuditError> {
        while let Some((audit, line)) = self.unwritten.front() {
            audit.write(line).map_err(|error| AuditError::of(&audit.to, &error))?;
            let id = line.id;
            self.unwritten.pop_front();
            self.forget_if_written(id);
        }
        Ok(())
    }

    /// Forgets a statement whose line is in all audits.
    fn forget_if_written(&mut self, id: Uuid) {
        let is_unwritten = self.unwritten.iter().any(|(_, line)| line.id == id);
        if !is_unwritten && self.pending.get(id).is_some() {
            self.warn_of(|this| this.pending.remove(id));
        }
    }

    fn count(&mut self, add: impl FnOnce(&mut Counters)) {
        if self.metrics.is_none() {
            return;
        }
        if self.counters.is_empty() {
            self.counted_at = Instant::now();
        }
        add(&mut self.counters);
        if self.counted_at.elapsed() >= COUNTING_PAUSE {
            self.write_counts();
        }
    }

    fn write_counts(&mut self) {
        let Some(path) = self.metrics.as_ref().filter(|_| !self.counters.is_empty()) else {
            return;
        };
        self.counted_at = Instant::now();
        match metrics_file::add(path, &self.counters) {
            Ok(()) => drop(mem::take(&mut self.counters)),
            // They are written with later ones.
            Err(error) => tracing::debug!("{}: {error}", path.display()),
        }
    }

    fn warn_of(&mut self, work: impl FnOnce(&mut Self) -> std::io::Result<()>) {
        if let Err(error) = work(self) {
            tracing::warn!("a statement may be told twice in the audit: {error}");
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::records::{
        destination::Destination,
        event::SessionEnd,
        pending::tests::{pending, sent},
    };

    fn writer(folder: &Path, audits: Vec<Audit>) -> Writer {
        Writer { pending: pending(folder), ..Writer::new(audits, None) }
    }

    fn audit(path: &Path, has_code: bool) -> Audit {
        Audit { to: Destination::File(path.to_owned()), has_code }
    }

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_statement_is_told_once_in_each_audit_with_code_where_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["with", "without"].map(|name| folder.path().join(name));
        let mut writer =
            writer(folder.path(), vec![audit(&paths[0], true), audit(&paths[1], false)]);
        let sent = Sent { code: Some("1 + 1".to_owned()), ..sent("hash") };
        writer.begin(sent.clone()).unwrap();
        writer.end(sent.id, StatementEnd { rows: Some(3), ..StatementEnd::of("ok") });
        writer.end(sent.id, StatementEnd::of("lost"));
        for (path, code) in paths.iter().zip([Some("1 + 1"), None]) {
            let [line] = &lines(path)[..] else { panic!("{:?}", lines(path)) };
            assert_eq!((&line["event"], &line["state"]), (&"statement".into(), &"ok".into()));
            assert_eq!((&line["sha256"], &line["rows"]), (&"hash".into(), &3.into()));
            assert_eq!(line.get("code").and_then(|code| code.as_str()), code);
        }
    }

    #[test]
    fn what_ran_in_a_session_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut writer = writer(folder.path(), vec![audit(&path, false)]);
        let [running, leaving] = ["running", "leaving"].map(sent);
        for sent in [&running, &leaving] {
            writer.begin(sent.clone()).unwrap();
        }
        writer.pending.set_number(running.id, "3".to_owned()).unwrap();
        writer.note(Event::SessionEnd { session: running.session, state: SessionEnd::Ended });
        let states: Vec<_> = lines(&path).iter().map(|line| line["state"].clone()).collect();
        assert_eq!(states, ["cancelled", "unknown", "ended"]);
    }

    #[test]
    fn a_line_that_a_killed_kernel_has_written_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut writer = writer(folder.path(), vec![audit(&path, false)]);
        let [told, untold] = ["told", "untold"].map(sent);
        fs::write(&path, format!("{{\"id\":\"{}\"}}\n", told.id)).unwrap();
        for sent in [told, untold] {
            writer.begin(sent.clone()).unwrap();
            writer.end(sent.id, StatementEnd::of("ok"));
        }
        assert_eq!(lines(&path).len(), 2);
    }

    #[test]
    fn lines_wait_for_a_disk_that_is_full_and_nothing_is_sent_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut writer = writer(folder.path(), vec![audit(&path, false)]);
        let [running, next] = ["running", "next"].map(sent);
        writer.begin(running.clone()).unwrap();
        fs::remove_file(&path).unwrap();
        // Nothing can be written to a folder.
        fs::create_dir(&path).unwrap();
        writer.end(running.id, StatementEnd::of("ok"));
        writer.end(running.id, StatementEnd::of("ok"));
        let refusal = writer.begin(next.clone()).unwrap_err().to_string();
        assert!(refusal.contains(&path.display().to_string()), "{refusal}");
        fs::remove_dir(&path).unwrap();
        writer.begin(next).unwrap();
        assert_eq!(lines(&path).len(), 1);
        assert!(writer.pending.get(running.id).is_none());
    }

    #[test]
    fn code_that_is_too_long_for_the_systems_log_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let log = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let to = Destination::Syslog(path);
        let mut writer = writer(folder.path(), vec![Audit { to, has_code: true }]);
        let sent = Sent { code: Some("x".repeat(1 << 20)), ..sent("hash") };
        writer.begin(sent.clone()).unwrap();
        writer.end(sent.id, StatementEnd::of("ok"));
        let mut received = vec![0; 4096];
        let length = log.recv(&mut received).unwrap();
        let line = String::from_utf8_lossy(&received[..length]).into_owned();
        let begin = format!("<14>livy-kernel[{}]: {{\"time\"", std::process::id());
        assert!(line.starts_with(&begin) && line.contains("\"sha256\":\"hash\""), "{line}");
    }
}
