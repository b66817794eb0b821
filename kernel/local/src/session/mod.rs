//! A session as a state machine: requests, events of the interpreter and passing seconds change it. It has no clock and
//! does no I/O.

mod state;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    interpreter::{Application, Command, Event},
    job::Jobs,
    kind::Kind,
    lifetime::Lifetime,
    log::Log,
    output::Output,
    refusal::Refusal,
    request::{CreateSession, SubmitJob},
    spark_ui::SparkUiLink,
    statement::Statement,
};

pub(crate) use self::state::SessionState;

/// How many statements a session keeps: `livy.rsc.retained-statements` of a real Livy.
const RETAINED_STATEMENTS: usize = 100;

#[derive(Debug)]
pub(crate) struct Session {
    id: u64,
    request: CreateSession,
    state: SessionState,
    application: Application,
    ui: SparkUiLink,
    log: Log,
    statements: BTreeMap<u64, Statement>,
    next_statement: u64,
    jobs: Jobs,
    lifetime: Lifetime,
}

impl Session {
    pub(crate) fn new(id: u64, request: CreateSession, ui: SparkUiLink) -> Self {
        Self {
            id,
            lifetime: Lifetime::of(&request),
            request,
            state: SessionState::Starting,
            application: Application::default(),
            ui,
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

    /// Returns where Spark itself serves the UI, if `key` is the one of this session.
    pub(crate) fn spark_ui_url(&self, key: &str) -> Option<&str> {
        let url = self.application.spark_ui_url.as_deref();
        url.filter(|_| self.ui.has_key(key) && self.state != SessionState::Dead)
    }

    /// Notes that a client asked for this session.
    pub(crate) fn on_heartbeat(&mut self) {
        self.lifetime.on_heartbeat();
    }

    /// Restarts the idle timeout, as work for the session does and the end of a statement.
    pub(crate) fn on_activity(&mut self) {
        self.lifetime.on_activity();
    }

    /// Adds a statement. Returns its number, and the command that runs it if the interpreter is free.
    pub(crate) fn submit(&mut self, code: String, kind: Kind, now: u64) -> (u64, Option<Command>) {
        self.on_activity();
        let id = self.next_statement;
        self.next_statement += 1;
        self.statements.insert(id, Statement::new(id, kind, code));
        self.forget_old_statements();
        let command = if self.state == SessionState::Idle { self.start_next(now) } else { None };
        (id, command)
    }

    /// Cancels a statement. As in Livy, it is no error if the statement does not exist.
    pub(crate) fn cancel(&mut self, statement: u64, now: u64) -> Option<Command> {
        self.on_activity();
        self.statements.get_mut(&statement)?.cancel(now)
    }

    /// Adds a job. Returns its number, and the command that runs it.
    pub(crate) fn submit_job(&mut self, job: SubmitJob) -> (u64, Option<Command>) {
        self.on_activity();
        self.jobs.submit(job)
    }

    /// Returns a job's state, as [`Jobs::take`] does. Livy counts even this as activity.
    pub(crate) fn take_job(&mut self, job: u64) -> Result<Value, Refusal> {
        self.on_activity();
        self.jobs.take(job)
    }

    pub(crate) fn cancel_job(&mut self, job: u64) {
        self.on_activity();
        self.jobs.cancel(job);
    }

    /// Applies what the interpreter reports, and returns what to send it next.
    pub(crate) fn on_event(&mut self, event: Event, now: u64) -> Option<Command> {
        match event {
            Event::Ready(application) => return self.on_ready(application, now),
            Event::Done { statement, output } => return self.on_done(statement, output, now),
            Event::Log(line) => self.log.push(line),
            Event::JobEnded { id, end } => self.jobs.on_end(id, end),
            Event::Progress { statement, progress } => self.on_progress(statement, progress),
            Event::Completed { .. } | Event::FileAdded { .. } => {} // They do not change the session.
        }
        None
    }

    fn on_ready(&mut self, application: Application, now: u64) -> Option<Command> {
        self.application = application;
        if self.state == SessionState::Starting { self.start_next(now) } else { None }
    }

    fn on_progress(&mut self, statement: u64, progress: f64) {
        if let Some(statement) = self.statements.get_mut(&statement) {
            statement.on_progress(progress);
        }
    }

    fn on_done(&mut self, statement: u64, output: Output, now: u64) -> Option<Command> {
        self.on_activity();
        if let Some(statement) = self.statements.get_mut(&statement) {
            statement.on_done(output, now);
        }
        if self.state == (SessionState::Busy { statement }) { self.start_next(now) } else { None }
    }

    /// Notes that a second has passed. Returns whether the session must end.
    pub(crate) fn on_second(&mut self, now: u64) -> bool {
        self.statements.values_mut().for_each(|statement| statement.on_second(now));
        self.lifetime.on_second()
    }

    pub(crate) fn shut_down(&mut self) {
        if self.state != SessionState::Dead {
            self.state = SessionState::ShuttingDown;
        }
    }

    /// Notes that the interpreter is gone, and with it the statements.
    ///
    /// When Python ends in a real Livy, the driver stays and the session is in `error`. Here Python is the driver.
    pub(crate) fn on_end(&mut self) {
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

    /// Returns the retained statements, oldest first.
    pub(crate) fn statements(
        &self,
    ) -> impl DoubleEndedIterator<Item = &Statement> + ExactSizeIterator {
        self.statements.values()
    }

    /// Returns [Livy's session object](https://livy.apache.org/docs/latest/rest-api.html#session).
    ///
    /// A real Livy in local mode knows neither the application's id nor its UI. This server does, and users want the
    /// link.
    pub(crate) fn view(&self) -> Value {
        let fields = [
            ("id", json!(self.id)),
            ("appId", json!(self.application.id)),
            ("owner", Value::Null),
            ("proxyUser", Value::Null),
            ("state", json!(self.state.as_str())),
            (
                "appInfo",
                json!({
                    "driverLogUrl": null,
                    "sparkUiUrl": self.application.spark_ui_url.as_ref().map(|_| self.ui.url()),
                    "executorLogUrls": null,
                }),
            ),
            ("log", json!(self.log.preview())),
        ];
        let mut view = self.request.view();
        view.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(view)
    }

    /// Starts the oldest waiting statement, or becomes idle.
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

    fn starting(body: &str) -> Session {
        let request = CreateSession::parse(body.as_bytes()).unwrap();
        Session::new(0, request, SparkUiLink::new("http://127.0.0.1:1"))
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
    fn the_spark_ui_is_found_by_the_key_in_its_link_until_the_session_ends() {
        let mut session = starting("{}");
        let spark_ui_url = Some("http://127.0.0.1:4040".to_owned());
        session.on_event(Event::Ready(Application { id: None, spark_ui_url }), 0);
        let url = session.view()["appInfo"]["sparkUiUrl"].as_str().unwrap().to_owned();
        let key = url.strip_prefix("http://127.0.0.1:1/ui/").unwrap().trim_end_matches('/');
        assert_eq!(session.spark_ui_url(key), Some("http://127.0.0.1:4040"));
        assert_eq!(session.spark_ui_url("another"), None);
        session.on_end();
        assert_eq!(session.spark_ui_url(key), None);
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
        session.on_end();
        assert_eq!(session.ensure_active(), Err(Refusal::NotActive));
        let reason = session.ensure_running().unwrap_err().to_string();
        assert_eq!(reason, "java.lang.IllegalStateException: Session is in state dead");
    }
}
