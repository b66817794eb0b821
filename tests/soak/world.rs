//! A kernel with all around it that can fail.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    schedule::Step,
    support::{Channel, Frontend, Livy, Network, Proxy},
    verdict::{Audit, Cell, Record, Seen},
};

/// A server ends the session of a kernel that is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// How long after the last fault all must have ended.
const DEADLINE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(20);

pub struct World {
    seed: u64,
    livy: Livy,
    network: Proxy,
    frontend: Frontend,
    cells: Vec<Cell>,
    /// Has the audit of all kernels of this world.
    folder: TempDir,
}

impl World {
    pub async fn begin(seed: u64) -> Self {
        let livy = Livy::slow(Duration::from_millis(seed % 5 * 50)).await;
        let network = Proxy::to(&livy, Network::Up).await;
        let heartbeat = format!("{}s", HEARTBEAT.as_secs());
        let folder = tempfile::tempdir().unwrap();
        let audit = audit_in(&folder);
        let variables = [
            ("LIVY_HEARTBEAT_TIMEOUT", heartbeat.as_str()),
            ("LIVY_AUDIT_TO", audit.to_str().unwrap()),
            ("LIVY_AUDIT_CODE", "yes"),
        ];
        let frontend = Frontend::open_with("pyspark", &network.url(), &variables).await;
        Self { seed, livy, network, frontend, cells: Vec::new(), folder }
    }

    pub async fn let_happen(&mut self, step: &Step) {
        match step {
            Step::Cell(time) => self.cell(*time).await,
            Step::Die => self.send(format!("log {}\ndie", self.cells.len())).await,
            Step::Wait(time) => sleep(*time).await,
            Step::Outage(outage, time) => {
                self.network.set(*outage).await;
                sleep(*time).await;
                self.network.set(Network::Up).await;
            }
            Step::Once(asked, fault) => self.network.once(*asked, fault.clone()),
            Step::Interrupt => drop(self.control("interrupt_request", json!({})).await),
            Step::Kill(cells, late) => self.kill(*cells, *late).await,
            Step::Sleep(time) => {
                self.frontend.kernel.signal("STOP");
                sleep(*time).await;
                self.frontend.kernel.signal("CONT");
            }
            Step::EndSessions => self.livy.delete_sessions().await,
        }
    }

    async fn cell(&mut self, time: Duration) {
        let name = format!("seed {} cell {}", self.seed, self.cells.len());
        let code = format!("echo <{name}>\nsleep {}\necho </{name}>", time.as_secs_f64());
        self.send(code).await;
    }

    async fn send(&mut self, code: String) {
        let options = json!({"stop_on_error": false});
        let msg_id = self.frontend.execute_with(&code, options).await.msg_id;
        self.cells.push(Cell {
            msg_id,
            code,
            may_be_lost: false,
            may_show_again: 0,
            may_answer_again: 0,
        });
    }

    async fn control(&mut self, msg_type: &str, content: Value) -> String {
        self.frontend.send(Channel::Control, msg_type, content).await.msg_id
    }

    /// A cell that was neither answered nor written down is lost with its kernel, and so is what a cell
    /// that Livy never had says on iopub before the frontend has subscribed. One whose output or reply
    /// has just left the kernel repeats it, unless that is written down: better than never.
    async fn kill(&mut self, cells: usize, late: Duration) {
        self.frontend.kernel.kill().await;
        let record = Record::read(&self.frontend.kernel.record());
        sleep(LOOK).await;
        let (seen, codes) = (self.seen(), self.network.codes());
        for cell in &mut self.cells {
            let has_answered = seen.has_reply(cell) && codes.contains(&cell.code);
            cell.may_be_lost |= !has_answered && !record.has(cell);
            cell.may_show_again += usize::from(record.has_not_shown(cell) && seen.shows(cell));
            cell.may_answer_again += usize::from(record.has(cell) && seen.has_reply(cell));
        }
        self.frontend.kernel.start_again();
        self.frontend.connect_again().await;
        for _ in 0..cells {
            self.cell(Duration::ZERO).await;
        }
        sleep(late).await;
        self.frontend.subscribe_again().await;
    }

    /// Nothing fails any more: all that was begun comes to its end, and the kernel works.
    pub async fn end(mut self) {
        self.network.mend();
        self.until_all_have_ended().await;
        for attempt in 0.. {
            self.let_happen(&Step::Cell(Duration::ZERO)).await;
            self.until("the last cell has ended", Self::all_have_ended).await;
            if self.seen().is_ok(self.cells.last().unwrap()) {
                break;
            }
            assert!(attempt < 3, "seed {}: the kernel works no more", self.seed);
        }
        self.seen().check(self.seed, &self.cells, &self.network.codes());
        self.until("every statement is in the audit", Self::all_are_told).await;
        self.control("shutdown_request", json!({"restart": false})).await;
        self.frontend.kernel.exits_within(DEADLINE).await;
        let gone = timeout(2 * HEARTBEAT + DEADLINE, self.no_session_lives()).await;
        assert!(gone.is_ok(), "seed {}: a session is left behind", self.seed);
        self.audit().check(self.seed, &self.cells, &self.network);
    }

    /// How many statements Livy has got.
    pub fn statements(&self) -> usize {
        self.network.accepted_codes().len()
    }

    fn audit(&self) -> Audit {
        Audit::read(&fs::read_to_string(audit_in(&self.folder)).unwrap_or_default())
    }

    fn all_are_told(&self) -> bool {
        let audit = self.audit();
        self.network.accepted_codes().iter().all(|code| audit.has(code))
    }

    /// One that has ended uses nothing, though Livy may still know it.
    async fn no_session_lives(&self) {
        while self.livy.sessions().await.iter().any(|session| !session.state.is_over()) {
            sleep(LOOK).await;
        }
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waited = timeout(DEADLINE, async {
            while !is_so(self) {
                sleep(LOOK).await;
            }
        });
        let seen = waited.await.map_err(|_| self.seen());
        assert!(seen.is_ok(), "seed {}: {what}? No: {:#?}\n{seen:#?}", self.seed, self.cells);
    }

    pub async fn until_all_have_ended(&self) {
        self.until("every cell has ended", Self::all_have_ended).await;
    }

    fn all_have_ended(&self) -> bool {
        let seen = self.seen();
        self.cells.iter().all(|cell| cell.may_be_lost || seen.has_ended(cell))
    }

    fn seen(&self) -> Seen {
        Seen(self.frontend.everything())
    }
}

fn audit_in(folder: &TempDir) -> PathBuf {
    folder.path().join("audit.jsonl")
}
