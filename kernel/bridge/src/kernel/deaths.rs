//! Tests of what becomes of each task that dies. A trap panics in the place of a request: in whichever
//! task asks, and wherever it is then.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jupyter_wire::{Channel, Frontend, MemoryClient, memory};
use livy_client::{
    Auth, AuthError, Client, Endpoint, Options, PendingCheck, ResendPolicy, session,
};
use livy_local::{Server, scripted::Scripted};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    agent::installation::AgentState,
    cell::{Comms, KernelContext, ThreadOutput},
    completion::hidden_statement,
    history::History,
    kernel::event_loop::Kernel,
    kind::Kind,
    local_python::LocalPython,
    platform::{private_file, state_files::StateFiles},
    server::session_name::SessionName,
    session::{
        Manager, State,
        handle::{SessionHandle, lock},
        journal::Journal,
        origin::Origin,
    },
    settings::{
        SessionOptions, SessionSettings, Target,
        choices::{AfterRun, AgentPolicy},
    },
};

const TOKEN: &str = "token";
const TEST_LIMIT: Duration = Duration::from_secs(20);

/// Says who asks, and panics when it is to sign this: `GET /sessions/0`, say.
#[derive(Debug, Default)]
struct Trap {
    at: Mutex<Option<&'static str>>,
    caught: Mutex<usize>,
}

impl Trap {
    /// Catches every such request from now on.
    fn set(&self, at: impl Into<Option<&'static str>>) {
        *lock(&self.at) = at.into();
    }

    /// Waits until it has caught so many.
    async fn has_caught(&self, count: usize) {
        let caught = async {
            while *lock(&self.caught) < count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(TEST_LIMIT, caught).await.expect("it is asked");
    }
}

#[async_trait]
impl Auth for Trap {
    async fn apply(&self, request: &mut reqwest::Request) -> Result<PendingCheck, AuthError> {
        // A session is asked by its name, once its server is known to have names.
        let path: Vec<_> = request.url().path().split('/').collect();
        let path =
            path.iter().map(|part| if SessionName::parse(part).is_some() { "0" } else { part });
        let asked = format!("{} {}", request.method(), path.collect::<Vec<_>>().join("/"));
        if *lock(&self.at) == Some(asked.as_str()) {
            *lock(&self.caught) += 1;
            panic!("a test of panics");
        }
        let bearer = format!("Bearer {TOKEN}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        Ok(None)
    }

    fn name(&self) -> &'static str {
        "trap"
    }
}

/// A Livy without Spark, and what a kernel has of it.
struct Bench {
    trap: Arc<Trap>,
    sessions: Arc<Manager>,
    options: Options,
    _server: Server,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new(wanted: SessionOptions) -> Self {
        let options =
            livy_local::Options { token: Some(TOKEN.to_owned()), ..livy_local::Options::default() };
        let server = livy_local::start_with(options, Scripted::default()).await.unwrap();
        let trap = Arc::<Trap>::default();
        let endpoint = Endpoint::parse(&server.url()).unwrap();
        let options = Options::new(endpoint).unwrap();
        let options = Options { auth: trap.clone(), resend: ResendPolicy::NEVER, ..options };
        let folder = private_file::temporary_folder("livy-deaths-").unwrap();
        let files = StateFiles::for_connection_file(&folder.path().join("kernel-1.json")).unwrap();
        let journal = Journal::new(files, Kind::Pyspark);
        let (notices, _) = mpsc::unbounded_channel();
        let target = Ok(Target::Remote {
            options: Box::new(options.clone()),
            from_sparkmagic: false,
            requests_per_second: None,
        });
        let agents = AgentPolicy::Auto;
        let settings = SessionSettings {
            target,
            agents,
            options: wanted,
            source: None,
            policy: Default::default(),
            audits: Vec::new(),
            metrics: None,
        };
        let sessions = Manager::new(Kind::Pyspark, settings, notices, journal);
        Self { trap, sessions, options, _server: server, _folder: folder }
    }

    /// Waits until the state of its session is of this kind.
    async fn until(&self, wanted: impl Fn(&State) -> bool) -> State {
        let mut states = self.sessions.ensure_started();
        let state = timeout(TEST_LIMIT, states.wait_for(wanted)).await.expect("it comes in time");
        state.unwrap().clone()
    }

    async fn handle(&self) -> SessionHandle {
        let State::Ready(handle) = self.until(|state| matches!(state, State::Ready(_))).await
        else {
            unreachable!()
        };
        handle
    }

    #[track_caller]
    fn check(state: &State, doing: &str) {
        let State::Failed(failure) = state else { panic!("{state:?}") };
        assert_eq!(failure.ename, "KernelError");
        assert!(failure.evalue.ends_with(doing), "{}", failure.evalue);
    }
}

fn has_failed(state: &State) -> bool {
    matches!(state, State::Failed(_))
}

#[tokio::test]
async fn a_start_that_dies_has_failed_and_the_next_cell_starts_another() {
    let bench = Bench::new(SessionOptions::default()).await;
    for at in ["POST /sessions", "GET /sessions/0"] {
        bench.trap.set(at);
        Bench::check(&bench.until(has_failed).await, "while it started a session");
    }
    bench.trap.set(None);
    bench.handle().await;
}

#[tokio::test]
async fn a_session_whose_taking_back_dies_has_failed_to_come() {
    let bench = Bench::new(SessionOptions::default()).await;
    bench.trap.set("GET /sessions/7");
    let session = serde_json::from_value(json!({"id": 7})).unwrap();
    let server = bench.options.endpoint.to_string();
    bench.sessions.recover(session, Origin::Started, &server);
    Bench::check(&bench.until(has_failed).await, "while it took a session back");
}

#[tokio::test]
async fn a_watch_that_dies_begins_again() {
    let heartbeat_timeout = Some(Duration::from_secs(2));
    let bench = Bench::new(SessionOptions { heartbeat_timeout, ..SessionOptions::default() }).await;
    let handle = bench.handle().await;
    bench.trap.set("GET /sessions/0");
    bench.trap.has_caught(2).await;
    bench.trap.set(None);
    let client = Client::with_options(bench.options.clone()).unwrap();
    // Without a heartbeat it may have ended by itself meanwhile.
    let _ = client.send(session::delete(&handle.session.id)).await;
    bench.until(|state| matches!(state, State::Lost(_))).await;
}

#[tokio::test]
async fn an_agent_whose_installation_dies_stays_away() {
    let bench = Bench::new(SessionOptions::default()).await;
    bench.trap.set("POST /sessions/0/submit-job");
    let handle = bench.handle().await;
    assert!(timeout(TEST_LIMIT, handle.agent_within(TEST_LIMIT)).await.unwrap().is_none());
    let AgentState::Failed(why) = handle.agent_state() else {
        panic!("{:?}", handle.agent_state())
    };
    assert!(why.contains("while it installed the agent"), "{why}");
}

#[tokio::test]
async fn a_hidden_statement_that_dies_has_no_answer() {
    let bench = Bench::new(SessionOptions::default()).await;
    let handle = bench.handle().await;
    for at in ["GET /sessions/0/state", "POST /sessions/0/statements"] {
        bench.trap.set(at);
        let asked = hidden_statement::run(&handle, Kind::Sql, "echo hi".to_owned());
        assert_eq!(timeout(TEST_LIMIT, asked).await.unwrap(), None);
    }
}

/// A kernel that runs, and its frontend.
struct Notebook {
    bench: Bench,
    client: MemoryClient,
    _frontend: Frontend,
    kernel: JoinHandle<()>,
}

impl Notebook {
    async fn open() -> Self {
        let bench = Bench::new(SessionOptions::default()).await;
        let (requests, frontend, client) = memory();
        let (_, notices) = mpsc::unbounded_channel();
        let comms = Comms::of_kernel(String::new());
        let context = KernelContext {
            kind: Kind::Pyspark,
            sessions: bench.sessions.clone(),
            history: History::open(Kind::Pyspark, None),
            local_python: LocalPython::new(None),
            kept: Default::default(),
            local_limit: 0,
            threads: ThreadOutput::new(&comms),
            comms,
            progress: AfterRun::Never,
        };
        let kernel = Kernel::new(context, notices, requests, frontend.clone());
        let kernel = tokio::spawn(kernel.run(std::future::pending()));
        Self { bench, client, _frontend: frontend, kernel }
    }

    async fn run(&mut self, code: &str) -> Value {
        let cell = json!({"code": code, "stop_on_error": false});
        self.client.send(Channel::Shell, "execute_request", cell);
        timeout(TEST_LIMIT, self.client.recv_reply()).await.expect("a reply").content().unwrap()
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        self.kernel.abort();
    }
}

#[tokio::test]
async fn a_cell_whose_task_dies_is_an_error_and_the_next_one_runs() {
    let mut notebook = Notebook::open().await;
    for (at, doing) in [
        ("POST /sessions", "it started a session"),
        ("POST /sessions/0/statements", "it sent the cell"),
        ("GET /sessions/0/statements/0", "it ran this cell"),
    ] {
        notebook.bench.trap.set(at);
        let reply = notebook.run("sleep 0.3").await;
        assert_eq!(reply["ename"], "KernelError", "{reply} at {at}");
        assert!(reply["evalue"].as_str().unwrap().ends_with(doing), "{reply}");
        notebook.bench.trap.set(None);
    }
    assert_eq!(notebook.run("echo hi").await["status"], "ok");
}
