//! Recognizes code that no user has sent: tools that show variables run it in the kernel, and take that
//! for an IPython on their own machine. As cells it would start sessions and wait behind other cells.

use jupyter_wire::content::{CompleteReply, ExecuteRequest};
use serde_json::{Map, Value, json};

use crate::kind::Kind;

/// One of these stands in all Python of VS Code, of jupyterlab-variableInspector and of MLJAR's
/// variable-inspector.
const PYTHON_NAMES: [&str; 5] = [
    "_VSCODE_",
    "__vsc_ipynb_file__",
    "__jupyter_exec_background__",
    "_jupyterlab_variableinspector_",
    "__mljar_variable_inspector_",
];
/// Magics that VS Code sends, which set options of IPython.
const VSCODE_MAGICS: [&str; 2] = ["%config Completer.use_jedi", "%matplotlib inline"];
/// What jupyterlab-variableInspector calls in kernels of Scala, which only Almond has.
const SCALA_INSPECTOR: &str = "_root_.almond.api.JupyterAPIHolder.value.VariableInspector.";
/// What it calls in kernels of R.
const R_CALLS: [&str; 2] = [".ls.objects(", ".deleteVariable("];
/// What jupyterlab-variableInspector defines once in each kernel, and then calls.
const DEFINITIONS: [&str; 2] = [
    "def _jupyterlab_variableinspector_dict_list(",
    "\n_jupyterlab_variableinspector_changesettings(",
];
/// It asks for the variables when a cell begins, and expects the answer after the cell.
const LISTS_AT_CELL_START: &str = "_jupyterlab_variableinspector_dict_list()";
/// The MIME type, followed by a number, of the display in which VS Code's background calls report.
const BACKGROUND_MIME_PREFIX: &str = "application/vnd.vscode.bg.execution.";
/// How a completion in the background begins.
const COMPLETE_CALL: &str = "get_ipython().kernel.do_complete(";
/// What lists variables in the background.
const LIST_CALLS: [&str; 2] =
    ["return _VSCODE_getVariableDescriptions(", "return _VSCODE_getAllChildrenDescriptions("];

/// Code that no user has sent.
#[derive(Clone, Debug, PartialEq)]
pub struct UnaskedCode {
    /// Whether later code of the same tool needs it, in every session.
    pub defines: bool,
    /// Whether the tool waits for a second answer, when the running cell has ended.
    pub is_asked_at_cell_start: bool,
    /// What it shows where it cannot run.
    pub empty_answer: EmptyAnswer,
}

/// What code shows that does not run.
#[derive(Clone, Debug, PartialEq)]
pub enum EmptyAnswer {
    /// It shows nothing.
    Nothing,
    /// It shows a display, which is then updated.
    Background {
        /// The bundle that is displayed first.
        display: Map<String, Value>,
        /// The update that VS Code waits for.
        update: Map<String, Value>,
    },
}

/// Recognizes code that no user has sent: its request is silent, or a tool's.
pub fn recognize(kernel: Kind, request: &ExecuteRequest) -> Option<UnaskedCode> {
    let is_tools = !request.store_history && is_of_a_tool(kernel, &request.code);
    (request.silent || is_tools).then(|| UnaskedCode {
        defines: is_definition(&request.code),
        is_asked_at_cell_start: request.code.trim() == LISTS_AT_CELL_START,
        empty_answer: empty_answer(&request.code),
    })
}

fn is_of_a_tool(kernel: Kind, code: &str) -> bool {
    match kernel {
        Kind::Pyspark => is_python_of_a_tool(code),
        Kind::Spark => code.starts_with(SCALA_INSPECTOR),
        Kind::Sparkr => R_CALLS.iter().any(|call| code.starts_with(call)),
        Kind::Sql => false,
    }
}

/// A user's start-up commands come the same way, so a magic beside other code proves nothing.
fn is_python_of_a_tool(code: &str) -> bool {
    let is_magic = |line: &str| VSCODE_MAGICS.iter().any(|magic| line.starts_with(magic));
    let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    PYTHON_NAMES.iter().any(|name| code.contains(name))
        || (lines.peek().is_some() && lines.all(is_magic))
}

fn is_definition(code: &str) -> bool {
    let begun = format!("\n{code}");
    DEFINITIONS.iter().any(|definition| begun.contains(definition))
}

fn empty_answer(code: &str) -> EmptyAnswer {
    let Some((_, after)) = code.split_once(BACKGROUND_MIME_PREFIX) else {
        return EmptyAnswer::Nothing;
    };
    let mime = format!("{BACKGROUND_MIME_PREFIX}{}", digits(after));
    let update = match code.split_once(COMPLETE_CALL) {
        Some((_, call)) => (format!("{mime}.result"), no_completion(call)),
        None if LIST_CALLS.iter().any(|call| code.contains(call)) => {
            (format!("{mime}.result"), "[]".into())
        }
        None => (format!("{mime}.error"), "There is no Spark session that could run this.".into()),
    };
    let display = Map::from_iter([(mime, "".into())]);
    EmptyAnswer::Background { display, update: Map::from_iter([update]) }
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

    fn without_history(code: &str) -> ExecuteRequest {
        ExecuteRequest { code: code.to_owned(), store_history: false, ..Default::default() }
    }

    #[track_caller]
    fn recognized(code: &str) -> UnaskedCode {
        recognize(Kind::Pyspark, &without_history(code)).unwrap()
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
        match recognized(&in_background(call)).empty_answer {
            EmptyAnswer::Background { display, update } => {
                assert_eq!(json!(display), json!({"application/vnd.vscode.bg.execution.12": ""}));
                assert_eq!(json!(update), json!({mime: expected}));
            }
            EmptyAnswer::Nothing => panic!("{call}"),
        }
    }

    #[test]
    fn code_of_tools_is_recognized_by_its_names() {
        for code in [
            "import sys as _VSCODE_sys\nprint(_VSCODE_sys.executable)",
            "__vsc_ipynb_file__ = \"/home/x.ipynb\"",
            "%config Completer.use_jedi = False",
            "\n%matplotlib inline\n%config Completer.use_jedi = False",
            "_jupyterlab_variableinspector_getmatrixcontent(df, 10000)",
            "import json\n__mljar_variable_inspector_dict_list()",
        ] {
            assert_eq!(recognized(code).empty_answer, EmptyAnswer::Nothing, "{code}");
        }
    }

    #[test]
    fn a_silent_request_is_of_no_user_whatever_its_code() {
        let request = ExecuteRequest { silent: true, ..without_history("x = 1") };
        for kernel in [Kind::Pyspark, Kind::Spark, Kind::Sparkr, Kind::Sql] {
            assert!(recognize(kernel, &request).is_some(), "{kernel:?}");
        }
    }

    #[test]
    fn the_users_code_is_left_alone() {
        for code in ["print(1)", "", "%config Completer.use_jedi = False\nimport mine"] {
            assert_eq!(recognize(Kind::Pyspark, &without_history(code)), None, "{code}");
        }
        let kept = ExecuteRequest { store_history: true, ..without_history("%matplotlib inline") };
        assert_eq!(recognize(Kind::Pyspark, &kept), None);
        assert_eq!(recognize(Kind::Spark, &without_history("__vsc_ipynb_file__")), None);
    }

    #[test]
    fn inspectors_of_other_languages_are_recognized_there() {
        let scala = without_history(&format!("{SCALA_INSPECTOR}dictList()"));
        let r = without_history(".ls.objects()");
        assert!(recognize(Kind::Spark, &scala).is_some() && recognize(Kind::Sparkr, &r).is_some());
        assert!(recognize(Kind::Pyspark, &r).is_none() && recognize(Kind::Sql, &r).is_none());
    }

    #[test]
    fn only_the_inspector_that_asks_at_a_cells_start_is_answered_again() {
        assert!(recognized("_jupyterlab_variableinspector_dict_list()").is_asked_at_cell_start);
        let defined = recognized(
            "x = 1\ndef _jupyterlab_variableinspector_dict_list():\n    pass\n\
             _jupyterlab_variableinspector_dict_list()",
        );
        assert!(!defined.is_asked_at_cell_start && defined.defines);
        let settings = recognized("_jupyterlab_variableinspector_changesettings(maxitems=5)");
        assert!(settings.defines);
        assert!(!recognized("_jupyterlab_variableinspector_dict_list()").defines);
    }

    #[test]
    fn without_a_session_completion_finds_nothing_at_its_cursor() {
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
    fn without_a_session_there_are_no_variables() {
        let mime = "application/vnd.vscode.bg.execution.12.result";
        check_update(
            "1\n        return _VSCODE_getVariableDescriptions(variables)",
            mime,
            &json!("[]"),
        );
    }

    #[test]
    fn without_a_session_anything_else_in_the_background_fails_at_once() {
        let mime = "application/vnd.vscode.bg.execution.12.error";
        let why = json!("There is no Spark session that could run this.");
        check_update("_VSCODE_getVariableSummary(x)", mime, &why);
    }
}
