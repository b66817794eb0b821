//! The kernel's process.

use std::{
    fs::{self, File},
    panic::Location,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{livy::SECRET, ports::free_port, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_livy-kernel");

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
    command: Command,
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

    /// Whether nobody listens any more.
    pub async fn is_closed(&self) -> bool {
        tokio::net::TcpStream::connect(("127.0.0.1", self.heartbeat)).await.is_err()
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
        Self::start_with(kind, livy_url, connection, &[])
    }

    /// The same with further variables. What it keeps is gone when the test ends, unless they say
    /// where to.
    pub fn start_with(
        kind: &str,
        livy_url: &str,
        connection: &Connection,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_by(Command::new(PROGRAM), kind, livy_url, connection, variables)
    }

    /// The same of another copy of the program.
    pub fn start_program(
        program: &Path,
        kind: &str,
        livy_url: &str,
        connection: &Connection,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_by(Command::new(program), kind, livy_url, connection, variables)
    }

    /// Started by a process that waits for it, and that it knows for its parent.
    pub fn start_as_child(kind: &str, livy_url: &str, connection: &Connection) -> Self {
        let mut parent = Command::new("sh");
        parent.args(["-c", "JPY_PARENT_PID=$$ \"$0\" \"$@\" & wait", PROGRAM]);
        Self::start_by(parent, kind, livy_url, connection, &[])
    }

    /// Started by a shell that has run `first`.
    pub fn start_after(first: &str, kind: &str, livy_url: &str, connection: &Connection) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{first}; exec \"$0\" \"$@\""), PROGRAM]);
        Self::start_by(shell, kind, livy_url, connection, &[])
    }

    /// Started with the knowledge that this process is its parent.
    pub fn start_of(parent: u32, kind: &str, livy_url: &str, connection: &Connection) -> Self {
        let parent = parent.to_string();
        Self::start_with(kind, livy_url, connection, &[("JPY_PARENT_PID", &parent)])
    }

    fn start_by(
        mut program: Command,
        kind: &str,
        livy_url: &str,
        connection: &Connection,
        variables: &[(&str, &str)],
    ) -> Self {
        // As Jupyter's runtime folder is.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(private).tempdir().unwrap();
        let file = folder.path().join("connection.json");
        fs::write(&file, connection.file()).unwrap();
        program
            .args(["run", "--kind", kind, "--connection-file"])
            .arg(file)
            .env("LIVY_URL", livy_url)
            // Scripted sessions have no Python.
            .env("LIVY_AGENT", "never")
            .env("JUPYTER_DATA_DIR", folder.path())
            // Not by a person's own settings.
            .env("LIVY_KERNEL_CONFIG", folder.path().join("none"))
            .env("SPARKMAGIC_CONF_DIR", folder.path())
            .env_remove("LIVY_HISTORY")
            .envs(variables.iter().copied())
            .env_remove("LIVY_KERNEL_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .kill_on_drop(true)
            // As frontends start it, so that they can end all of it at once.
            .process_group(0);
        Self { child: program.spawn().unwrap(), command: program, folder }
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts another in its place, as Jupyter does after a crash: with the same connection file.
    pub fn start_again(&mut self) {
        self.child = self.command.spawn().unwrap();
    }

    /// What it has written down for the one in its place.
    pub fn record(&self) -> String {
        fs::read_to_string(self.folder.path().join("connection.livy")).unwrap_or_default()
    }

    /// What it wrote for Jupyter's log.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Sends a signal: `TERM`, say.
    pub fn signal(&self, name: &str) {
        send(name, &self.pid().to_string());
    }

    /// Sends it to the kernel's process group.
    pub fn signal_group(&self, name: &str) {
        send(name, &format!("-{}", self.pid()));
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("the kernel runs")
    }

    /// A figure of `/proc/PID/status`, in megabytes.
    #[cfg(target_os = "linux")]
    pub fn megabytes(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).expect("a known figure");
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
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
