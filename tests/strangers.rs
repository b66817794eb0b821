//! A session id means nothing on another server: where the server is exchanged, or a balancer sends
//! requests to several, somebody else's session has the same number.

use std::time::Duration;

use livy_client::{Id, statement};
use serde_json::json;

use crate::support::{Asked, Channel, Done, Frontend, Livy, Network, Proxy};

const STRANGER: &str = "0";

/// Two servers, with a session 0 each, and what stands before them: the kernel's comes first.
struct World {
    ours: Livy,
    theirs: Livy,
    /// In front of the other server, to see what reaches it.
    door: Proxy,
    balancer: Proxy,
}

impl World {
    async fn begin() -> Self {
        let (ours, theirs) = (Livy::start().await, Livy::start().await);
        assert_eq!(theirs.start_session("somebody-elses").await, STRANGER.into());
        let door = Proxy::to(&theirs, Network::Up).await;
        let balancer = Proxy::to(&ours, Network::Up).await;
        Self { ours, theirs, door, balancer }
    }

    /// All requests go to the other server from now on.
    fn switch(&self) {
        self.balancer.leads_to(&[self.door.port()]);
    }

    /// Every other request does.
    fn alternate(&self) {
        self.balancer.leads_to(&[self.ours.port(), self.door.port()]);
    }

    /// The stranger's session was asked for nothing but what it is, and goes on.
    async fn is_untouched(&self) {
        assert_eq!(self.door.changes(STRANGER), Vec::<String>::new());
        let sessions = self.theirs.sessions().await;
        assert!(sessions.iter().any(|session| session.id == STRANGER.into()), "{sessions:?}");
        let page = statement::list(&STRANGER.into(), Default::default());
        assert_eq!(self.theirs.client().send(page).await.unwrap().statements, []);
    }
}

#[track_caller]
fn says_that_it_is_another(failed: &Done) {
    failed
        .error()
        .says("SessionLost", &["another session 0", "nothing was sent", "several servers"]);
}

#[tokio::test]
async fn a_cell_does_not_run_in_a_strangers_session_and_says_why() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    world.switch();
    says_that_it_is_another(&frontend.run("echo secret").await);
    world.is_untouched().await;

    frontend.run("echo hi").await.is_ok();
    assert_eq!(world.theirs.sessions().await.len(), 2, "the next cell has a session of its own");
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(3)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn a_cell_shows_nothing_of_a_strangers_after_an_exchange() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    let mut cell = frontend.execute("sleep 30").await;
    world.ours.until_statements(2).await;
    world.switch();
    says_that_it_is_another(&cell.end().await);
    world.is_untouched().await;
}

#[tokio::test]
async fn an_interrupt_stops_nothing_of_a_strangers() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    let mut cell = frontend.execute("sleep 30").await;
    world.ours.until_statements(2).await;
    world.switch();
    frontend.interrupt().await;
    cell.end().await.error();
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn completion_and_a_sign_of_life_reach_no_stranger() {
    let world = World::begin().await;
    let lively = [("LIVY_IDLE_TIMEOUT", "3s"), ("LIVY_KEEP_ALIVE", "60s")];
    let mut frontend = Frontend::open_with("pyspark", &world.balancer.url(), &lively).await;
    frontend.run("echo ready").await.is_ok();
    world.switch();
    let asked = json!({"code": "echo", "cursor_pos": 4});
    frontend.ask(Channel::Shell, "complete_request", asked).await;
    world.door.until(Asked::Session, 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn the_end_of_a_kernel_ends_no_strangers_session() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    world.switch();
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(3)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn what_a_kernel_leaves_behind_ends_no_strangers_session() {
    let mut world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    world.balancer.set(Network::Hangs).await;
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(3)).await;
    world.switch();
    world.balancer.set(Network::Up).await;
    let asked = world.door.count(Asked::Session);
    world.door.until(Asked::Session, asked + 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn a_restarted_kernel_takes_no_strangers_session() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    frontend.kernel.kill().await;
    world.switch();
    frontend.kernel.start_again();
    frontend.connect_again().await;
    frontend.subscribe_again().await;
    let done = frontend.run("echo hi").await;
    done.is_ok();
    let warning = done.outputs()[0].content["text"].to_string();
    assert!(
        warning.contains("another session 0") && warning.contains("variables are lost"),
        "{warning}"
    );
    world.is_untouched().await;
}

#[tokio::test]
async fn alternating_servers_run_cells_in_their_session_or_not_at_all() {
    let world = World::begin().await;
    let mut frontend = Frontend::ready("pyspark", &world.balancer.url()).await;
    world.alternate();
    for number in 0..6 {
        let done = frontend.run(&format!("echo {number}")).await;
        let reply = done.reply.content.to_string();
        match done.reply.content["status"] == "ok" {
            true => assert_eq!(done.text(), number.to_string()),
            false => assert!(reply.contains("several servers answer in turn"), "{reply}"),
        }
    }
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(3)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn servers_that_alternate_from_the_start_reach_no_stranger() {
    let world = World::begin().await;
    world.alternate();
    let mut frontend = Frontend::open("pyspark", &world.balancer.url()).await;
    for number in 0..4 {
        frontend.run(&format!("echo {number}")).await;
    }
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(3)).await;
    world.is_untouched().await;
}

#[tokio::test]
async fn a_shared_name_is_not_enough_either() {
    let world = World::begin().await;
    for livy in [&world.ours, &world.theirs] {
        livy.start_session("team").await;
    }
    let shared = [("LIVY_SESSION", "team")];
    let mut frontend = Frontend::open_with("pyspark", &world.balancer.url(), &shared).await;
    frontend.run("echo hi").await.is_ok();
    world.switch();
    tokio::time::sleep(Duration::from_secs(11)).await;
    frontend
        .run("echo secret")
        .await
        .error()
        .says("SessionLost", &["its id is 1", "another session 0"]);
    let team: Id = world.theirs.sessions().await[1].id.clone();
    let page = statement::list(&team, Default::default());
    assert_eq!(world.theirs.client().send(page).await.unwrap().statements, []);
}

#[tokio::test]
async fn a_cell_costs_no_request_more() {
    let livy = Livy::start().await;
    let network = Proxy::to(&livy, Network::Up).await;
    let mut frontend = Frontend::ready("pyspark", &network.url()).await;
    let before = network.count(Asked::Session);
    for _ in 0..5 {
        frontend.run("echo hi").await.is_ok();
    }
    assert_eq!(network.count(Asked::Session), before);
    assert_eq!(network.count(Asked::NewStatement), 6);
}
