use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    command,
    fake::{all_like, batch, log, serve},
    livy_kernel, stdout,
};
use crate::support::{PATIENCE, SECRET};

/// A name that would clear the screen, write over its line, and ring.
const WICKED: &str = "livy-kernel-\u{1b}[2J\r\u{7}\u{9b}31m\u{202e}\nx";

#[tokio::test]
async fn control_characters_are_shown_and_not_carried_out() {
    let url = serve(all_like(json!({"id": 1, "name": WICKED, "state": "idle"}), &[])).await;
    for arguments in [&["sessions"][..], &["session", "show", "1"], &["batch", "list"]] {
        let text = stdout(&livy_kernel(&url, arguments).await);
        assert!(text.contains(r"\u001b[2J\u000d\u0007\u009b31m\u202e\nx"), "{text}");
        assert!(!text.contains(|c: char| c != '\n' && c.is_control()), "{text:?}");

        let json = stdout(&livy_kernel(&url, &[arguments, &["--json"]].concat()).await);
        assert!(!json.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'));
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value.get("name").or_else(|| value[0].get("name")), Some(&json!(WICKED)));
    }
}

#[tokio::test]
async fn control_characters_in_a_log_and_in_a_refusal_are_shown_too() {
    let url = serve(batch(vec![("success", log(&["a\u{1b}[31m"], &[]))])).await;
    let output = livy_kernel(&url, &["batch", "log", "-f", "3"]).await;
    assert_eq!(stdout(&output), "a\\u001b[31m\n");

    let url = serve(all_like(json!({}), &[])).await;
    let output = livy_kernel(&url, &["session", "kill", "\u{1b}[31m"]).await;
    assert!(!output.stderr.contains(&0x1b), "{output:?}");
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_the_command_quietly() {
    let lines: Vec<String> = (0..150).map(|line| line.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let states = ["running", "running", "running", "success"];
    let looks = states.iter().enumerate().map(|(n, &state)| (state, log(&lines[n * 20..], &[])));
    let url = serve(batch(looks.collect())).await;

    let mut command = command(&url, &["batch", "log", "-f", "3"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut head = BufReader::with_capacity(1, child.stdout.take().unwrap());
    let mut first = String::new();
    head.read_line(&mut first).await.unwrap();
    drop(head);

    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!((&*first, output.status.code()), ("0\n", Some(0)));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[tokio::test]
async fn closed_output_keeps_no_session_alive() {
    let url = serve(all_like(json!({"id": 1}), &["1", "2"])).await;
    let mut command = command(&url, &["session", "kill", "1", "2", "9"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("1 of 3 could not be ended") && !stderr.contains(SECRET), "{stderr}");
}
