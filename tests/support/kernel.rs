//! The kernel's process.

use std::{
    fs::{self, File},
    panic::Location,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{livy::SECRET, ports::free_port, within};

/// The ports and the key that a frontend needs.
#[derive(Clone)]
pub struct Connection {
    pub shell: u16,
    pub control: u16,
    pub stdin: u16,
    pub iopub: u16,
    pub heartbeat: u16,
    pub key: String,
}

/// The kernel's process; killed when the test ends.
pub struct Kernel {
    child: Child,
    folder: TempDir,
}

impl Connection {
    /// Free ports.
    pub fn new(key: &str) -> Self {
        Self {
            shell: free_port(),
            control: free_port(),
            stdin: free_port(),
            iopub: free_port(),
            heartbeat: free_port(),
            key: key.to_owned(),
        }
    }

    fn file(&self) -> String {
        json!({"transport": "tcp", "ip": "127.0.0.1", "shell_port": self.shell,
            "control_port": self.control, "stdin_port": self.stdin, "iopub_port": self.iopub,
            "hb_port": self.heartbeat, "key": self.key, "signature_scheme": "hmac-sha256"})
        .to_string()
    }
}

impl Kernel {
    pub fn start(kind: &str, livy_url: &str, connection: &Connection) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connection.json");
        fs::write(&file, connection.file()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_livy-kernel"))
            .args(["run", "--kind", kind, "--connection-file"])
            .arg(file)
            .env("LIVY_URL", livy_url)
            .env_remove("LIVY_KERNEL_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .kill_on_drop(true)
            // As frontends start it, so that they can end all of it at once.
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    /// What it wrote for Jupyter's log.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Sends a signal: `TERM`, say.
    pub fn signal(&self, name: &str) {
        send(name, &self.pid());
    }

    /// Sends it to the kernel's process group.
    pub fn signal_group(&self, name: &str) {
        send(name, &format!("-{}", self.pid()));
    }

    fn pid(&self) -> String {
        self.child.id().expect("the kernel runs").to_string()
    }

    #[track_caller]
    pub fn exits_within(&mut self, limit: Duration) -> impl Future<Output = ExitStatus> {
        let at = Location::caller();
        async move { within(limit, at, "the kernel's end", self.child.wait()).await.unwrap() }
    }
}

fn send(signal: &str, to: &str) {
    let kill = std::process::Command::new("kill").args(["-s", signal, "--", to]).status();
    assert!(kill.unwrap().success());
}

/// No test may end with a kernel that panicked or wrote down a password.
impl Drop for Kernel {
    fn drop(&mut self) {
        let stderr = self.stderr();
        if std::thread::panicking() {
            eprintln!("The kernel wrote:\n{stderr}");
        } else {
            assert!(!stderr.contains("panicked"), "the kernel panicked:\n{stderr}");
            assert!(!stderr.contains(SECRET), "the kernel's log has the password:\n{stderr}");
        }
    }
}
