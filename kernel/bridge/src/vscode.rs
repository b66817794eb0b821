//! The Python that VS Code runs unasked. It takes every kernel for Python for an IPython of its own
//! machine, and prepares it, completes and lists variables by cells that nobody sees. Over Livy none
//! of that can work, and sent there it would start a session, or wait behind a cell.

use jupyter_wire::content::{CompleteReply, ExecuteRequest};
use serde_json::{Map, Value, json};

use crate::kind::Kind;

/// In every name that VS Code defines in a kernel.
const ITS_NAMES: [&str; 3] = ["_VSCODE_", "__vsc_ipynb_file__", "__jupyter_exec_background__"];
/// Magics of IPython that set what this kernel has not.
const ITS_MAGICS: [&str; 2] = ["%config Completer.use_jedi", "%matplotlib inline"];
/// The type of the display behind which a call in the background reports; a number follows.
const BACKGROUND: &str = "application/vnd.vscode.bg.execution.";
/// Completion in the background.
const COMPLETE: &str = "get_ipython().kernel.do_complete(";

/// How such a cell is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It ran, and there is nothing to show.
    Nothing,
    /// A display that is replaced by another.
    Background {
        /// What is shown first.
        display: Map<String, Value>,
        /// What VS Code waits for.
        update: Map<String, Value>,
    },
}

/// The answer to VS Code's own code; none is for a person's.
pub fn answer(kernel: Kind, request: &ExecuteRequest) -> Option<Answer> {
    if kernel != Kind::Pyspark || request.store_history || !is_its_own(&request.code) {
        return None;
    }
    Some(background(&request.code).unwrap_or(Answer::Nothing))
}

/// A person's start-up commands come the same way, so a magic beside other code tells nothing.
fn is_its_own(code: &str) -> bool {
    let is_magic = |line: &str| ITS_MAGICS.iter().any(|magic| line.starts_with(magic));
    let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    ITS_NAMES.iter().any(|name| code.contains(name))
        || (lines.peek().is_some() && lines.all(is_magic))
}

fn background(code: &str) -> Option<Answer> {
    let (_, after) = code.split_once(BACKGROUND)?;
    let mime = format!("{BACKGROUND}{}", digits(after));
    let update = match code.split_once(COMPLETE) {
        Some((_, call)) => (format!("{mime}.result"), no_completion(call)),
        None => (format!("{mime}.error"), "This does not work over Livy.".into()),
    };
    let display = Map::from_iter([(mime, "".into())]);
    Some(Answer::Background { display, update: Map::from_iter([update]) })
}

/// The reply to the call `do_complete("code", position)`, of which this is what follows the bracket.
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

    fn unasked(code: &str) -> ExecuteRequest {
        ExecuteRequest { code: code.to_owned(), store_history: false, ..Default::default() }
    }

    #[track_caller]
    fn check(code: &str, expected: Option<Answer>) {
        assert_eq!(answer(Kind::Pyspark, &unasked(code)), expected, "{code}");
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
        match answer(Kind::Pyspark, &unasked(&in_background(call))) {
            Some(Answer::Background { display, update }) => {
                assert_eq!(json!(display), json!({"application/vnd.vscode.bg.execution.12": ""}));
                assert_eq!(json!(update), json!({mime: expected}));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_prepares_ipython_is_answered_by_nothing() {
        check("import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable)", Some(Answer::Nothing));
        check("def __VSCODE_inject_module():\n    pass", Some(Answer::Nothing));
        check("__vsc_ipynb_file__ = \"/home/x.ipynb\"", Some(Answer::Nothing));
        check("%config Completer.use_jedi = False", Some(Answer::Nothing));
        check("\n%matplotlib inline\n%config Completer.use_jedi = False", Some(Answer::Nothing));
    }

    #[test]
    fn a_persons_code_is_left_alone() {
        check("print(1)", None);
        check("", None);
        check("%config Completer.use_jedi = False\nimport mine", None);
        let kept = ExecuteRequest { store_history: true, ..unasked("%matplotlib inline") };
        assert_eq!(answer(Kind::Pyspark, &kept), None);
        assert_eq!(answer(Kind::Spark, &unasked("__vsc_ipynb_file__")), None);
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
