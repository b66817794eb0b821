//! Each test runs the real program as a person would, against livy-local or a fake where a fault
//! must be made on purpose.

mod batch; // submitting
mod certificates; // real ones
mod doctor; // what does not work, and what to do
mod exit_codes; // what a script can tell
mod fake; // a Livy that does what a test wants
mod kill; // ending some
mod listing; // all of them, and nothing secret
mod log; // what was printed, once
mod orphans; // whose kernel is gone
mod terminal; // closed pipes and control characters

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;

use crate::support::SECRET;

/// The program, without the settings of whoever runs the tests.
fn command(livy_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_livy-kernel"));
    for (name, _) in std::env::vars() {
        if name.starts_with("LIVY_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("LIVY_URL", livy_url).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it; the password of the server must be nowhere in what it says.
async fn livy_kernel(livy_url: &str, arguments: &[&str]) -> Output {
    finished(command(livy_url, arguments)).await
}

async fn finished(mut command: Command) -> Output {
    let output = command.output().await.unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains(SECRET) && !said.contains("panicked"), "{said}");
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}
