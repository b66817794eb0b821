//! A session's life, moved by requests, by its interpreter's events and by seconds that pass. No clock and no I/O.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::interpreter::{Application, Command, Event};
use crate::job::Jobs;
use crate::kind::Kind;
use crate::lifetime::Lifetime;
use crate::log::Log;
use crate::refusal::Refusal;
use crate::request::{CreateSession, SubmitJob};
use crate::statement::Statement;

/// How many statements Livy remembers.
const RETAINED_STATEMENTS: usize = 100;

/// How many log lines a session shows of itself.
const SHOWN_LOG_LINES: i64 = 10;

#[derive(Debug)]
pub(crate) struct Session {
    id: u64,
    request: CreateSession,
    state: SessionState,
    application: Application,
    log: Log,
    statements: BTreeMap<u64, Statement>,
    next_statement: u64,
    jobs: Jobs,
    lifetime: Lifetime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionState {
    Starting,
    Idle,
    /// A statement that was given up on still keeps the session busy.
    Busy {
        statement: u64,
    },
    ShuttingDown,
    Dead,
}

impl SessionState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SessionState::Starting => "starting",
            SessionState::Idle => "idle",
            SessionState::Busy { .. } => "busy",
            SessionState::ShuttingDown => "shutting_down",
            SessionState::Dead => "dead",
        }
    }
}

impl Session {
    pub(crate) fn new(id: u64, request: CreateSession) -> Self {
        Self {
            id,
            lifetime: Lifetime::of(&request),
            request,
            state: SessionState::Starting,
            application: Application::default(),
            log: Log::default(),
            statements: BTreeMap::new(),
            next_statement: 0,
            jobs: Jobs::default(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.request.application.name.as_deref()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.request.kind()
    }

    pub(crate) fn state(&self) -> SessionState {
        self.state
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// A client asked for this session.
    pub(crate) fn on_heartbeat(&mut self) {
        self.lifetime.on_heartbeat();
    }

    /// What keeps a session from counting as idle: that a client has it work, and that a statement starts or ends.
    pub(crate) fn on_activity(&mut self) {
        self.lifetime.on_activity();
    }

    /// The new statement's number, and what to ask of the interpreter if it is free.
    pub(crate) fn submit(&mut self, code: String, kind: Kind, now: u64) -> (u64, Option<Command>) {
        self.on_activity();
        let id = self.next_statement;
        self.next_statement += 1;
        self.statements.insert(id, Statement::new(id, kind, code));
        self.forget_old_statements();
        let command = if self.state == SessionState::Idle { self.start_next(now) } else { None };
        (id, command)
    }

    /// Cancelling a statement that is not there is no error to Livy.
    pub(crate) fn cancel(&mut self, statement: u64, now: u64) -> Option<Command> {
        self.on_activity();
        self.statements.get_mut(&statement)?.cancel(now)
    }

    /// The new job's number, and what to ask of the interpreter.
    pub(crate) fn submit_job(&mut self, job: SubmitJob) -> (u64, Option<Command>) {
        self.on_activity();
        self.jobs.submit(job)
    }

    /// To Livy even a look at a job is activity.
    pub(crate) fn tell_job(&mut self, job: u64) -> Result<Value, Refusal> {
        self.on_activity();
        self.jobs.tell(job)
    }

    pub(crate) fn cancel_job(&mut self, job: u64) {
        self.on_activity();
        self.jobs.cancel(job);
    }

    pub(crate) fn on_event(&mut self, event: Event, now: u64) -> Option<Command> {
        match event {
            Event::Ready(application) => {
                self.application = application;
                return if self.state == SessionState::Starting {
                    self.start_next(now)
                } else {
                    None
                };
            }
            Event::Log(line) => self.log.push(line),
            Event::JobEnded { id, end } => self.jobs.on_end(id, end),
            Event::Completed { .. } => {} // No part of the session's life.
            Event::Progress { statement, progress } => {
                if let Some(statement) = self.statements.get_mut(&statement) {
                    statement.on_progress(progress);
                }
            }
            Event::Done { statement, output } => {
                self.on_activity();
                if let Some(statement) = self.statements.get_mut(&statement) {
                    statement.on_done(output, now);
                }
                return if self.state == (SessionState::Busy { statement }) {
                    self.start_next(now)
                } else {
                    None
                };
            }
        }
        None
    }

    /// Says whether its time is over.
    pub(crate) fn on_second(&mut self, now: u64) -> bool {
        self.statements.values_mut().for_each(|statement| statement.on_second(now));
        self.lifetime.on_second()
    }

    pub(crate) fn shut_down(&mut self) {
        if self.state != SessionState::Dead {
            self.state = SessionState::ShuttingDown;
        }
    }

    /// The interpreter is gone, and nobody may ask for statements any more.
    ///
    /// In Livy a Python that ends leaves the driver behind and the session is `error`; here it is the driver.
    pub(crate) fn die(&mut self) {
        self.state = SessionState::Dead;
        self.statements.clear();
    }

    pub(crate) fn ensure_active(&self) -> Result<(), Refusal> {
        match self.state {
            SessionState::Dead => Err(Refusal::NotActive),
            _ => Ok(()),
        }
    }

    pub(crate) fn ensure_running(&self) -> Result<(), Refusal> {
        match self.state {
            SessionState::Idle | SessionState::Busy { .. } => Ok(()),
            state => Err(Refusal::NotRunning(state.as_str())),
        }
    }

    pub(crate) fn statement(&self, id: u64) -> Option<&Statement> {
        self.statements.get(&id)
    }

    /// All that are remembered, oldest first.
    pub(crate) fn statements(
        &self,
    ) -> impl DoubleEndedIterator<Item = &Statement> + ExactSizeIterator {
        self.statements.values()
    }

    /// Livy's session object.
    ///
    /// A real Livy in local mode knows neither application id nor Spark UI. We do, and a person wants the link.
    pub(crate) fn view(&self) -> Value {
        let request = &self.request;
        let asked = &request.application;
        json!({
            "id": self.id,
            "name": asked.name,
            "appId": self.application.id,
            "owner": null,
            "proxyUser": null,
            "state": self.state.as_str(),
            "kind": request.kind().as_str(),
            "appInfo": {
                "driverLogUrl": null,
                "sparkUiUrl": self.application.spark_ui_url,
                "executorLogUrls": null,
            },
            "log": self.log.page(-1, SHOWN_LOG_LINES).1,
            "ttl": request.ttl,
            "idleTimeout": request.idle_timeout,
            "driverMemory": asked.driver_memory,
            "driverCores": asked.driver_cores.unwrap_or(0),
            "executorMemory": asked.executor_memory,
            "executorCores": asked.executor_cores.unwrap_or(0),
            "conf": asked.conf.clone().unwrap_or_default(),
            "archives": asked.archives.clone().unwrap_or_default(),
            "files": asked.files.clone().unwrap_or_default(),
            "heartbeatTimeoutInSecond": request.heartbeat_timeout_in_second.unwrap_or(0),
            "jars": asked.jars.clone().unwrap_or_default(),
            "numExecutors": asked.num_executors.unwrap_or(0),
            "pyFiles": asked.py_files.clone().unwrap_or_default(),
            "queue": asked.queue,
        })
    }

    fn start_next(&mut self, now: u64) -> Option<Command> {
        let Some(statement) = self.statements.values_mut().find(|statement| statement.is_waiting())
        else {
            self.state = SessionState::Idle;
            return None;
        };
        self.state = SessionState::Busy { statement: statement.id };
        Some(statement.start(now))
    }

    fn forget_old_statements(&mut self) {
        while self.statements.len() > RETAINED_STATEMENTS {
            let oldest = self
                .statements
                .values()
                .find(|statement| statement.is_finished())
                .map(|oldest| oldest.id);
            let Some(oldest) = oldest else { return };
            self.statements.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Output;

    fn starting(body: &str) -> Session {
        Session::new(0, CreateSession::parse(body.as_bytes()).unwrap())
    }

    fn idle() -> Session {
        let mut session = starting(r#"{"kind": "pyspark"}"#);
        session.on_event(Event::Ready(Application::default()), 0);
        session
    }

    fn submit(session: &mut Session, code: &str) -> Option<Command> {
        session.submit(code.into(), Kind::PySpark, 1).1
    }

    fn execute(statement: u64, code: &str) -> Option<Command> {
        Some(Command::Execute { statement, kind: Kind::PySpark, code: code.into() })
    }

    fn done(session: &mut Session, statement: u64) -> Option<Command> {
        let output = Output::ok(statement, &json!({"text/plain": ""}));
        session.on_event(Event::Done { statement, output }, 2)
    }

    #[test]
    fn starts_and_is_idle_and_knows_its_application() {
        let mut session = starting("{}");
        assert_eq!(session.view()["state"], "starting");
        let application = Application { id: Some("local-1".into()), spark_ui_url: None };
        session.on_event(Event::Ready(application), 0);
        assert_eq!(
            (session.state(), &session.view()["appId"]),
            (SessionState::Idle, &json!("local-1"))
        );
    }

    #[test]
    fn statements_run_one_at_a_time_in_order() {
        let mut session = idle();
        assert_eq!(submit(&mut session, "a"), execute(0, "a"));
        assert_eq!(submit(&mut session, "b"), None);
        assert_eq!(submit(&mut session, "c"), None);
        assert_eq!(session.state(), SessionState::Busy { statement: 0 });
        assert_eq!(done(&mut session, 0), execute(1, "b"));
        assert_eq!(done(&mut session, 1), execute(2, "c"));
        assert_eq!(done(&mut session, 2), None);
        assert_eq!(session.state(), SessionState::Idle);
    }

    #[test]
    fn a_cancelled_waiting_statement_never_runs() {
        let mut session = idle();
        submit(&mut session, "a");
        submit(&mut session, "b");
        submit(&mut session, "c");
        assert_eq!(session.cancel(1, 1), None);
        assert_eq!(done(&mut session, 0), execute(2, "c"));
    }

    #[test]
    fn a_statement_that_livy_gave_up_on_still_blocks_the_next() {
        let mut session = idle();
        submit(&mut session, "while True: pass");
        session.cancel(0, 1);
        submit(&mut session, "behind");
        (0..31).for_each(|_| assert!(!session.on_second(1)));
        assert_eq!(session.state(), SessionState::Busy { statement: 0 });
        assert_eq!(done(&mut session, 0), execute(1, "behind"));
    }

    #[test]
    fn a_statement_that_starts_or_ends_is_activity() {
        let mut session = starting(r#"{"kind": "pyspark", "idleTimeout": "2s"}"#);
        session.on_event(Event::Ready(Application::default()), 0);
        let is_over_after_two_seconds = |session: &mut Session| {
            session.on_heartbeat();
            session.on_second(0) || session.on_second(0)
        };
        assert!(!is_over_after_two_seconds(&mut session));
        submit(&mut session, "a");
        assert!(!is_over_after_two_seconds(&mut session));
        done(&mut session, 0);
        assert!(!is_over_after_two_seconds(&mut session));
        assert!(is_over_after_two_seconds(&mut session));
    }

    #[test]
    fn remembers_a_hundred_statements() {
        let mut session = idle();
        for id in 0..150 {
            submit(&mut session, "x");
            done(&mut session, id);
        }
        assert_eq!(
            session.statements().map(|s| s.id).collect::<Vec<_>>(),
            (50..150).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_dead_one_refuses_as_livy_does() {
        let mut session = idle();
        session.die();
        assert_eq!(session.ensure_active(), Err(Refusal::NotActive));
        let reason = session.ensure_running().unwrap_err().to_string();
        assert_eq!(reason, "java.lang.IllegalStateException: Session is in state dead");
    }
}
