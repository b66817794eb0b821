//! Recognizes the Python that VS Code runs by itself, and answers it.
//!
//! VS Code treats every Python kernel as an IPython on its own machine. It prepares the kernel,
//! completes code and lists variables by hidden cells. None of that works over Livy, and sent to
//! Livy it would start a session or wait behind a cell.

use jupyter_wire::content::{CompleteReply, ExecuteRequest};
use serde_json::{Map, Value, json};

use crate::kind::Kind;

/// One of these stands in every name that VS Code defines in a kernel.
const VSCODE_NAMES: [&str; 3] = ["_VSCODE_", "__vsc_ipynb_file__", "__jupyter_exec_background__"];
/// Magics that VS Code sends, which set options of IPython that this kernel does not have.
const VSCODE_MAGICS: [&str; 2] = ["%config Completer.use_jedi", "%matplotlib inline"];
/// The MIME type, followed by a number, of the display in which a background call reports.
const BACKGROUND_MIME_PREFIX: &str = "application/vnd.vscode.bg.execution.";
/// How a completion in the background begins.
const COMPLETE_CALL: &str = "get_ipython().kernel.do_complete(";

/// The outputs of such a cell, which Livy never gets.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbeReply {
    /// The cell succeeds without an output.
    Nothing,
    /// The cell has a display, which is then updated.
    Background {
        /// The bundle that is displayed first.
        display: Map<String, Value>,
        /// The update that VS Code waits for.
        update: Map<String, Value>,
    },
}

/// Returns the reply to VS Code's own code; `None` for the user's code.
pub fn reply_to(kernel: Kind, request: &ExecuteRequest) -> Option<ProbeReply> {
    if kernel != Kind::Pyspark || request.store_history || !is_vscodes(&request.code) {
        return None;
    }
    Some(background(&request.code).unwrap_or(ProbeReply::Nothing))
}

/// A user's start-up commands come the same way, so a magic beside other code proves nothing.
fn is_vscodes(code: &str) -> bool {
    let is_magic = |line: &str| VSCODE_MAGICS.iter().any(|magic| line.starts_with(magic));
    let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    VSCODE_NAMES.iter().any(|name| code.contains(name))
        || (lines.peek().is_some() && lines.all(is_magic))
}

fn background(code: &str) -> Option<ProbeReply> {
    let (_, after) = code.split_once(BACKGROUND_MIME_PREFIX)?;
    let mime = format!("{BACKGROUND_MIME_PREFIX}{}", digits(after));
    let update = match code.split_once(COMPLETE_CALL) {
        Some((_, call)) => (format!("{mime}.result"), no_completion(call)),
        None => (format!("{mime}.error"), "This does not work over Livy.".into()),
    };
    let display = Map::from_iter([(mime, "".into())]);
    Some(ProbeReply::Background { display, update: Map::from_iter([update]) })
}

/// The reply to `do_complete("code", position)`; `call` is what follows the bracket.
fn no_completion(call: &str) -> Value {
    let line = call.lines().next().unwrap_or_default();
    let position = line.rsplit(',').next().unwrap_or_default().trim_start();
    let mut reply = json!(CompleteReply::none(digits(position).parse().unwrap_or_default()));
    reply["metadata"] = json!({"_jupyter_types_experimental": []});
    reply
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(code: &str) -> ExecuteRequest {
        ExecuteRequest { code: code.to_owned(), store_history: false, ..Default::default() }
    }

    #[track_caller]
    fn check(code: &str, expected: Option<ProbeReply>) {
        assert_eq!(reply_to(Kind::Pyspark, &probe(code)), expected, "{code}");
    }

    fn in_background(call: &str) -> String {
        format!(
            "def __jupyter_exec_background__():\n    \
             output = display({{\"application/vnd.vscode.bg.execution.12\": \"\"}}, raw=True)\n    \
             def do_implementation():\n        return {call}\n    \
             output.update({{\"application/vnd.vscode.bg.execution.12.result\": do_implementation()}})"
        )
    }

    #[track_caller]
    fn check_update(call: &str, mime: &str, expected: &Value) {
        match reply_to(Kind::Pyspark, &probe(&in_background(call))) {
            Some(ProbeReply::Background { display, update }) => {
                assert_eq!(json!(display), json!({"application/vnd.vscode.bg.execution.12": ""}));
                assert_eq!(json!(update), json!({mime: expected}));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn code_that_prepares_ipython_has_no_output() {
        check(
            "import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable)",
            Some(ProbeReply::Nothing),
        );
        check("def __VSCODE_inject_module():\n    pass", Some(ProbeReply::Nothing));
        check("__vsc_ipynb_file__ = \"/home/x.ipynb\"", Some(ProbeReply::Nothing));
        check("%config Completer.use_jedi = False", Some(ProbeReply::Nothing));
        check(
            "\n%matplotlib inline\n%config Completer.use_jedi = False",
            Some(ProbeReply::Nothing),
        );
    }

    #[test]
    fn the_users_code_is_left_alone() {
        check("print(1)", None);
        check("", None);
        check("%config Completer.use_jedi = False\nimport mine", None);
        let kept = ExecuteRequest { store_history: true, ..probe("%matplotlib inline") };
        assert_eq!(reply_to(Kind::Pyspark, &kept), None);
        assert_eq!(reply_to(Kind::Spark, &probe("__vsc_ipynb_file__")), None);
    }

    #[test]
    fn completion_in_the_background_finds_nothing_at_its_cursor() {
        let nothing = |cursor: i64| {
            json!({"status": "ok", "matches": [], "cursor_start": cursor, "cursor_end": cursor,
                "metadata": {"_jupyter_types_experimental": []}})
        };
        let mime = "application/vnd.vscode.bg.execution.12.result";
        let call = |arguments: &str| format!("get_ipython().kernel.do_complete({arguments})");
        check_update(&call(r#""spark.ra", 8"#), mime, &nothing(8));
        check_update(&call(r#""f(1, 2), x","#), mime, &nothing(0));
    }

    #[test]
    fn anything_else_in_the_background_fails_at_once() {
        let mime = "application/vnd.vscode.bg.execution.12.error";
        check_update("_VSCODE_variables()", mime, &json!("This does not work over Livy."));
    }
}
