use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Channel, Frontend, Livy, SECRET};

/// The SHA-256 of `echo hi`.
const HASH_OF_ECHO_HI: &str = "56a79f3b115448072387c2480044bfa2cf8f90e4f5fddd8c943b4e051b81f80b";

/// Has the files of one user's kernels.
struct User {
    folder: TempDir,
}

impl User {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    async fn kernel(&self, url: &str, more: &[(&str, &str)]) -> Frontend {
        let (audit, data) = (self.text("audit.jsonl"), self.text("data"));
        let own = [("LIVY_AUDIT_TO", audit.as_str()), ("JUPYTER_DATA_DIR", data.as_str())];
        Frontend::open_with("pyspark", url, &[&own, more].concat()).await
    }

    fn lines(&self) -> Vec<Value> {
        lines(&self.path("audit.jsonl"))
    }

    /// What `livy-kernel metrics` prints.
    async fn metrics(&self, files: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_livy-kernel"));
        command.arg("metrics").args(files).env("JUPYTER_DATA_DIR", self.path("data"));
        let output = command.env_remove("LIVY_METRICS_FILE").output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    assert!(!text.contains(SECRET), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn word<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

fn events(lines: &[Value]) -> Vec<(&str, &str)> {
    lines.iter().map(|line| (word(line, "event"), word(line, "state"))).collect()
}

async fn shut_down(mut frontend: Frontend) {
    frontend.send(Channel::Control, "shutdown_request", json!({"restart": false})).await;
    frontend.kernel.exits_within(Duration::from_secs(20)).await;
}

#[tokio::test]
async fn each_session_statement_and_cancel_has_one_line() {
    let (livy, user) = (Livy::start().await, User::new());
    let mut frontend = user.kernel(&livy.url(), &[]).await;
    frontend.run("echo hi").await.is_ok();
    frontend.run("error ValueError no").await.error();
    let mut cell = frontend.execute("sleep 30").await;
    livy.until_statements(3).await;
    frontend.interrupt().await;
    cell.end().await.error();
    shut_down(frontend).await;

    let lines = user.lines();
    let expected = [
        ("session", "started"),
        ("statement", "ok"),
        ("statement", "error"),
        ("cancel", ""),
        ("statement", "cancelled"),
        ("session_end", "ended"),
    ];
    assert_eq!(events(&lines), expected);
    for line in &lines {
        assert_eq!((&line["session"], &line["application"]), (&"0".into(), &"scripted-0".into()));
        assert_eq!(line["server"], format!("http://127.0.0.1:{}", livy.port()));
        assert!(line["user"].is_string() && line["uid"].is_u64() && line["time"].is_string());
    }
    let statement = &lines[1];
    assert_eq!((&statement["statement"], &statement["kind"]), (&"0".into(), &"pyspark".into()));
    assert_eq!(statement["sha256"], HASH_OF_ECHO_HI);
    assert!(statement["bytes"].as_u64() > Some(1) && statement["ms"].is_u64());
    assert!(statement.get("code").is_none());
    assert_eq!(lines[2]["error"], "ValueError");
}

#[tokio::test]
async fn the_code_is_in_the_audit_only_where_that_is_wanted() {
    let (livy, user) = (Livy::start().await, User::new());
    let mut frontend = user.kernel(&livy.url(), &[("LIVY_AUDIT_CODE", "yes")]).await;
    frontend.run("echo ሴ \"quoted\"\necho second").await;
    shut_down(frontend).await;
    assert_eq!(user.lines()[1]["code"], "echo ሴ \"quoted\"\necho second");
}

#[tokio::test]
async fn a_login_that_fails_is_told_once() {
    let (livy, user) = (Livy::start().await, User::new());
    let wrong = livy.url().replace(SECRET, "wrong");
    let mut frontend = user.kernel(&wrong, &[]).await;
    for _ in 0..2 {
        frontend.run("echo hi").await.error().says("SessionStartError", &["401"]);
    }
    shut_down(frontend).await;
    let lines = user.lines();
    let logins: Vec<&Value> = lines.iter().filter(|line| line["event"] == "login").collect();
    let [login] = &logins[..] else { panic!("{lines:#?}") };
    assert!(login["reason"].as_str().unwrap().contains("401"), "{login}");
    assert!(events(&lines).contains(&("session", "failed")), "{lines:#?}");
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_run() {
    let (livy, user) = (Livy::start().await, User::new());
    let nowhere = user.text("nowhere/audit.jsonl");
    let mut frontend = user.kernel(&livy.url(), &[("LIVY_AUDIT_TO", &nowhere)]).await;
    let failed = frontend.run("echo hi").await;
    failed.error().says("AuditError", &[&nowhere, "Nothing was sent", "audit.to"]);
    assert!(livy.sessions().await.is_empty());

    fs::create_dir(user.path("nowhere")).unwrap();
    frontend.run("echo hi").await.is_ok();
    fs::remove_dir_all(user.path("nowhere")).unwrap();
    frontend.run("echo again").await.error().says("AuditError", &[&nowhere]);
    assert_eq!(livy.statements().await, 1);
}

#[tokio::test]
async fn the_systems_log_gets_the_lines() {
    let (livy, user) = (Livy::start().await, User::new());
    let log = UnixDatagram::bind(user.path("log")).unwrap();
    log.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let to = format!("syslog:{}", user.text("log"));
    let mut frontend = user.kernel(&livy.url(), &[("LIVY_AUDIT_TO", &to)]).await;
    frontend.run("echo hi").await.is_ok();
    let mut seen = [0; 4096];
    for event in ["session", "statement"] {
        let length = log.recv(&mut seen).unwrap();
        let line = String::from_utf8_lossy(&seen[..length]).into_owned();
        let (head, json) = line.split_once(": ").unwrap();
        assert!(head.starts_with("<14>livy-kernel["), "{line}");
        assert_eq!(serde_json::from_str::<Value>(json).unwrap()["event"], event);
    }
}

#[tokio::test]
async fn another_kernel_tells_what_a_killed_one_has_sent() {
    let (livy, user) = (Livy::start().await, User::new());
    let mut killed = user.kernel(&livy.url(), &[]).await;
    let pid = killed.kernel.pid();
    let _cell = killed.execute("sleep 1\necho late").await;
    livy.until_sessions(1).await;
    livy.until_statements(1).await;
    killed.kernel.kill().await;
    let notes = fs::read_dir(user.path("data/livy-kernel/audit")).unwrap().next().unwrap().unwrap();
    assert!(!fs::read_to_string(notes.path()).unwrap().contains("echo late"));
    assert_eq!(events(&user.lines()), [("session", "started")]);

    let mut other = user.kernel(&livy.url(), &[]).await;
    other.run("echo hi").await.is_ok();
    let is_told = |line: &Value| line["event"] == "statement" && line["pid"] == pid;
    while !user.lines().iter().any(is_told) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shut_down(other).await;
    let lines = user.lines();
    let told: Vec<&Value> = lines.iter().filter(|line| is_told(line)).collect();
    assert_eq!(
        (told.len(), &told[0]["state"], &told[0]["statement"]),
        (1, &"ok".into(), &"0".into())
    );
    assert_eq!(fs::read_dir(user.path("data/livy-kernel/audit")).unwrap().count(), 0);
}

#[tokio::test]
async fn kernels_count_together_and_files_are_added_up() {
    let (livy, user) = (Livy::start().await, User::new());
    for _ in 0..2 {
        let mut frontend = user.kernel(&livy.url(), &[]).await;
        frontend.run("echo hi").await.is_ok();
        frontend.run("error ValueError no").await.error();
        shut_down(frontend).await;
    }
    let (_, own) = user.metrics(&[]).await;
    for line in [
        "livy_kernel_sessions_total{state=\"started\"} 2\n",
        "livy_kernel_sessions_total{state=\"ended\"} 2\n",
        "livy_kernel_cells_total{language=\"pyspark\",end=\"ok\"} 2\n",
        "livy_kernel_cells_total{language=\"pyspark\",end=\"error\"} 2\n",
        "livy_kernel_overhead_seconds_count 4\n",
    ] {
        assert!(own.contains(line), "{line}\n{own}");
    }
    let file = user.text("data/livy-kernel/metrics/kernels.prom");
    let (_, twice) = user.metrics(&[&file, &file]).await;
    assert!(twice.contains("livy_kernel_overhead_seconds_count 8\n"), "{twice}");
    let (is_ok, said) = user.metrics(&["/nowhere"]).await;
    assert!(!is_ok && said.contains("/nowhere"), "{said}");
}

#[tokio::test]
async fn counts_are_kept_where_the_user_wants_and_others_may_read_them() {
    use std::os::unix::fs::PermissionsExt;
    let (livy, user) = (Livy::start().await, User::new());
    let path = user.path("shared.prom");
    let variable = ("LIVY_METRICS_FILE", path.to_str().unwrap());
    let mut frontend = user.kernel(&livy.url(), &[variable]).await;
    frontend.run("echo hi").await.is_ok();
    shut_down(frontend).await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("livy_kernel_sessions_total{state=\"started\"} 1\n"), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
}
