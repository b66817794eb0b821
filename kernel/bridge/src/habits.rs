//! IPython's own syntax in Python cells (`%time f()`, `x = !ls`, `f?`): the agent turns it into
//! Python. Where there is none, only Livy's own magics can be carried out.
//!
//! Livy takes a cell apart at its magics only if it is no Python as a whole, and so does this.

use crate::{failure::Failure, python};

/// Livy's own magics, which need a variable.
const LIVYS: [&str; 3] = ["json", "table", "matplot"];
/// Magics of which notebooks have some in their first cell, and which say how IPython shall behave.
const WITHOUT_EFFECT: [&str; 8] = [
    "matplotlib",
    "load_ext",
    "reload_ext",
    "autoreload",
    "config",
    "autosave",
    "precision",
    "xmode",
];

/// Whether there is anything that needs an agent, or the care of [`without_agent`].
pub fn has_any(code: &str) -> bool {
    !python::is_valid(code) && code.lines().any(|line| magic(line).is_some())
}

/// The code as Livy can run it, line for line.
pub fn without_agent(code: &str) -> Result<String, Failure> {
    if !has_any(code) {
        return Ok(code.to_owned());
    }
    let lines: Result<Vec<String>, Failure> = code.lines().map(line_without_agent).collect();
    lines.map(|lines| lines.join("\n"))
}

fn line_without_agent(line: &str) -> Result<String, Failure> {
    let Some(magic) = magic(line) else {
        return Ok(line.to_owned());
    };
    let (name, argument) = magic.split_once(char::is_whitespace).unwrap_or((magic, ""));
    let argument = argument.trim();
    match name.strip_prefix('%') {
        Some(name) if LIVYS.contains(&name) && argument.is_empty() => Err(usage(format!(
            "%{name} needs the name of a variable: %{name} x. Livy would end over it."
        ))),
        Some(name @ ("json" | "table")) => Ok(guarded(name, argument)),
        Some("matplot") => Ok(line.to_owned()),
        Some(name) if WITHOUT_EFFECT.contains(&name) => Ok(String::new()),
        _ => Err(usage(format!(
            "{magic:?} needs the agent, which this session does not have: LIVY_AGENT=never, or the \
             server has no jobs (see %info)"
        ))),
    }
}

/// The line, after one that fails where the magic would end Livy's interpreter: of rows that make
/// no table, of what is no JSON.
fn guarded(name: &str, variable: &str) -> String {
    let variable = serde_json::Value::from(variable);
    format!(
        "assert __import__('json').dumps(__import__('__main__').magic_{name}({variable}))\n\
         %{name} {}",
        variable.as_str().unwrap_or_default()
    )
}

/// What a line is, if it looks like no Python but like IPython's.
fn magic(line: &str) -> Option<&str> {
    let line = line.trim();
    let assigned = line.split_once('=').map(|(_, value)| value.trim_start());
    let begins = |text: &&str| text.starts_with(['%', '!']);
    [
        Some(line).filter(|line| begins(line) || line.starts_with('?') || line.ends_with('?')),
        assigned.filter(begins),
    ]
    .into_iter()
    .flatten()
    .next()
}

fn usage(what: String) -> Failure {
    Failure::new("UsageError", what, "The cell did not run.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(code: &str) -> String {
        without_agent(code).expect_err(code).evalue
    }

    #[test]
    fn python_is_left_alone() {
        for code in ["1 + 1", "x = '''\n%time\n'''", "x = (7\n%4)", "def (", "a != b", ""] {
            assert_eq!(without_agent(code).unwrap(), code);
        }
    }

    #[test]
    fn what_only_the_agent_can_do_is_refused() {
        for code in ["%time f()", "x = !ls", "!ls", "%%time\n1", "f?", "?f", "1\n  %who"] {
            assert!(refused(code).contains("LIVY_AGENT"), "{code}");
        }
    }

    #[test]
    fn what_would_end_livys_interpreter_is_not_sent() {
        assert!(refused("%json").contains("%json needs the name"));
        assert!(refused("x = 1\n%table ").contains("%table needs the name"));
        let guarded = without_agent("%table rows").unwrap();
        assert_eq!(
            guarded,
            "assert __import__('json').dumps(__import__('__main__').magic_table(\"rows\"))\n%table rows"
        );
    }

    #[test]
    fn how_ipython_shall_behave_is_nothing_to_run() {
        assert_eq!(without_agent("%matplotlib inline\n%autoreload 2\n1").unwrap(), "\n\n1");
        assert_eq!(without_agent("%matplot plt").unwrap(), "%matplot plt");
    }
}
