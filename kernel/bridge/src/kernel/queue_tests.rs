//! The rules of the loop, the queue, aborting and interrupting: in memory, with paused time, and with
//! cells that need no Livy. A cell of `sleep 5` takes five seconds, `fail` fails, `exit` asks to end, and
//! `stuck` ends two seconds after an interrupt.

use std::{sync::Arc, time::Duration};

use jupyter_wire::{Channel, MemoryClient, Message, memory};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{Instant, sleep},
};

use crate::{
    cell::{CellReply, CellRequest, Comms, KernelContext, ThreadOutput},
    error::CellError,
    history::History,
    kernel::event_loop::Kernel,
    kind::Kind,
    local_python::LocalPython,
    platform::{private_file, state_files::StateFiles},
    session::{Manager, journal::Journal},
    settings::{
        SessionOptions, SessionSettings, Target,
        choices::{AfterRun, AgentPolicy},
    },
};

/// A kernel whose cells need no Livy, and its frontend.
struct Notebook {
    client: MemoryClient,
    notices: UnboundedSender<String>,
    _folder: TempDir,
}

impl Notebook {
    fn open() -> Self {
        let folder = private_file::temporary_folder("livy-queue-").unwrap();
        let (notices, shown) = unbounded_channel();
        let (requests, frontend, client) = memory();
        let kernel = Kernel::with_runner(
            Arc::new(|asked, _| Box::pin(run(asked))),
            context(&folder),
            shown,
            requests,
            frontend,
        );
        tokio::spawn(kernel.run(std::future::pending()));
        Self { client, notices, _folder: folder }
    }

    fn execute(&self, code: &str) -> String {
        self.client.send(Channel::Shell, "execute_request", json!({"code": code}))
    }

    fn interrupt(&self) -> String {
        self.client.send(Channel::Control, "interrupt_request", json!({}))
    }

    /// The next reply's status, or error name, and the request that it answers.
    async fn reply(&mut self) -> (String, String) {
        let reply = self.client.recv_reply().await;
        let content: Value = reply.content().unwrap();
        let told = content.get("ename").unwrap_or(&content["status"]);
        (told.as_str().unwrap().to_owned(), parent(&reply))
    }

    async fn replies(&mut self, count: usize) -> Vec<(String, String)> {
        let mut replies = Vec::new();
        for _ in 0..count {
            replies.push(self.reply().await);
        }
        replies
    }

    /// Waits until this request is idle, and returns which became idle before it.
    async fn idle(&mut self, request: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let message = self.client.recv_iopub().await;
            let content: Value = message.content().unwrap();
            if content["execution_state"] == "idle" {
                match parent(&message) {
                    idle if idle == request => return before,
                    idle => before.push(idle),
                }
            }
        }
    }
}

fn context(folder: &TempDir) -> KernelContext {
    let files = StateFiles::for_connection_file(&folder.path().join("kernel-1.json")).unwrap();
    let (notices, _) = unbounded_channel();
    let settings = SessionSettings {
        target: Ok(Target::Local { python: None }),
        agents: AgentPolicy::Never,
        options: SessionOptions::default(),
        source: None,
        policy: Default::default(),
        audits: Vec::new(),
        metrics: None,
    };
    let journal = Journal::new(files, Kind::Pyspark);
    let sessions = Manager::new(Kind::Pyspark, settings, notices, journal);
    let history = History::open(Kind::Pyspark, None);
    let comms = Comms::of_kernel(String::new());
    KernelContext {
        kind: Kind::Pyspark,
        sessions,
        history,
        local_python: LocalPython::new(None),
        kept: Default::default(),
        local_limit: 0,
        threads: ThreadOutput::new(&comms),
        comms,
        progress: AfterRun::Never,
    }
}

fn parent(message: &Message) -> String {
    let header: Value = serde_json::from_slice(&message.parent_header).unwrap();
    header["msg_id"].as_str().unwrap_or_default().to_owned()
}

async fn run(asked: CellRequest) -> Result<CellReply, CellError> {
    match asked.code.split_once(' ') {
        Some(("sleep", seconds)) => {
            let slept = sleep(Duration::from_secs(seconds.parse().unwrap()));
            let ended = asked.interrupt.run_until_cancelled(slept).await;
            ended.map(|()| CellReply::default()).ok_or_else(|| CellError::interrupted("stopped"))
        }
        _ if asked.code == "exit" => {
            let payload = vec![json!({"source": "ask_exit", "keepkernel": false})];
            Ok(CellReply { payload, ..Default::default() })
        }
        _ if asked.code == "stuck" => {
            asked.interrupt.cancelled().await;
            sleep(Duration::from_secs(2)).await;
            Err(CellError::interrupted("not stopped"))
        }
        _ => Err(CellError::new("ValueError", "it fails", "")),
    }
}

fn of(status: &str, request: &str) -> (String, String) {
    (status.to_owned(), request.to_owned())
}

#[tokio::test(start_paused = true)]
async fn cells_run_one_after_the_other_in_their_order() {
    let (mut notebook, begun) = (Notebook::open(), Instant::now());
    let [a, b] = ["sleep 2", "sleep 1"].map(|code| notebook.execute(code));
    assert_eq!(notebook.replies(2).await, [of("ok", &a), of("ok", &b)]);
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_an_exit_does_not_run() {
    let mut notebook = Notebook::open();
    let [a, b, c] = ["sleep 1", "exit", "sleep 1"].map(|code| notebook.execute(code));
    assert_eq!(notebook.replies(3).await, [of("ok", &a), of("ok", &b), of("aborted", &c)]);
    let next = notebook.execute("sleep 1");
    assert_eq!(notebook.reply().await, of("ok", &next));
}

#[tokio::test(start_paused = true)]
async fn an_error_aborts_what_was_sent_before_its_reply() {
    let mut notebook = Notebook::open();
    let [a, b, c] = ["fail", "sleep 1", "sleep 1"].map(|code| notebook.execute(code));
    let replies = notebook.replies(3).await;
    assert_eq!(replies, [of("ValueError", &a), of("aborted", &b), of("aborted", &c)]);
    let d = notebook.execute("sleep 1");
    assert_eq!(notebook.reply().await, of("ok", &d));
}

#[tokio::test(start_paused = true)]
async fn an_error_aborts_nothing_if_the_frontend_says_so() {
    let mut notebook = Notebook::open();
    let content = json!({"code": "fail", "stop_on_error": false});
    let a = notebook.client.send(Channel::Shell, "execute_request", content);
    let b = notebook.execute("sleep 1");
    assert_eq!(notebook.replies(2).await, [of("ValueError", &a), of("ok", &b)]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_is_answered_at_once_and_idle_with_its_cell() {
    let (mut notebook, begun) = (Notebook::open(), Instant::now());
    let cell = notebook.execute("stuck");
    sleep(Duration::from_secs(1)).await;
    let interrupt = notebook.interrupt();
    assert_eq!(notebook.reply().await, of("ok", &interrupt));
    assert_eq!(begun.elapsed().as_secs(), 1);
    assert_eq!(notebook.reply().await, of("KeyboardInterrupt", &cell));
    assert_eq!(begun.elapsed().as_secs(), 3);
    assert_eq!(notebook.idle(&interrupt).await, [cell]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_aborts_the_cells_that_wait() {
    let mut notebook = Notebook::open();
    let [a, b] = ["sleep 60", "sleep 60"].map(|code| notebook.execute(code));
    sleep(Duration::from_secs(1)).await;
    let interrupt = notebook.interrupt();
    let replies = notebook.replies(3).await;
    assert_eq!(replies, [of("ok", &interrupt), of("KeyboardInterrupt", &a), of("aborted", &b)]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_of_nothing_is_idle_at_once() {
    let mut notebook = Notebook::open();
    let interrupt = notebook.interrupt();
    assert_eq!(notebook.reply().await, of("ok", &interrupt));
    notebook.idle(&interrupt).await;
    let cell = notebook.execute("sleep 1");
    assert_eq!(notebook.reply().await, of("ok", &cell));
}

#[tokio::test(start_paused = true)]
async fn other_requests_do_not_wait_for_the_cell_that_runs() {
    let (mut notebook, begun) = (Notebook::open(), Instant::now());
    let cell = notebook.execute("sleep 5");
    let info = notebook.client.send(Channel::Shell, "kernel_info_request", json!({}));
    assert_eq!(notebook.reply().await, of("ok", &info));
    assert_eq!(begun.elapsed().as_secs(), 0);
    assert_eq!(notebook.reply().await, of("ok", &cell));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_an_error_and_the_next_cell_runs() {
    let mut notebook = Notebook::open();
    let bad = notebook.client.send(Channel::Shell, "execute_request", json!({"code": 5}));
    let cell = notebook.execute("sleep 1");
    assert_eq!(notebook.replies(2).await, [of("BadRequest", &bad), of("ok", &cell)]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_shown_below_the_newest_cell() {
    let mut notebook = Notebook::open();
    let cell = notebook.execute("sleep 1");
    notebook.reply().await;
    notebook.notices.send("the session ends soon".to_owned()).unwrap();
    let notice = loop {
        let message = notebook.client.recv_iopub().await;
        if message.header.msg_type == "stream" {
            break message;
        }
    };
    let content: Value = notice.content().unwrap();
    assert_eq!((content["text"].as_str(), parent(&notice)), (Some("the session ends soon"), cell));
}
