//! IPython's own syntax in Python cells (`%time f()`, `x = !ls`, `f?`) in a session without the agent,
//! which would translate it to Python. Only Livy's own magics work there.
//!
//! Livy splits a cell at its magics only if the cell as a whole is not valid Python, and so does this.

use crate::{error::CellError, language::python_syntax};

/// Livy's own magics, which take the name of a variable.
const LIVY_MAGICS: [&str; 3] = ["json", "table", "matplot"];
/// Magics that configure IPython. Many notebooks begin with one, and it has no effect here.
const IPYTHON_SETTINGS: [&str; 8] = [
    "matplotlib",
    "load_ext",
    "reload_ext",
    "autoreload",
    "config",
    "autosave",
    "precision",
    "xmode",
];

/// Whether the code has syntax that the agent, or else [`translate_for_livy`], must translate.
pub fn has_ipython_syntax(code: &str) -> bool {
    !python_syntax::is_valid(code) && code.lines().any(|line| ipython_part(line).is_some())
}

/// Whether only the agent can run the code: it has IPython's syntax, or may await something at top level.
pub fn needs_agent(code: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    has_ipython_syntax(code) || code.split(|c| !is_word(c)).any(|word| word == "await")
}

/// Translates the code, line for line, to what Livy can run without the agent.
///
/// # Errors
/// A line needs the agent, or is a magic of Livy's without its variable.
pub fn translate_for_livy(code: &str) -> Result<String, CellError> {
    if !has_ipython_syntax(code) {
        return Ok(code.to_owned());
    }
    let lines: Result<Vec<String>, CellError> = code.lines().map(translate_line).collect();
    lines.map(|lines| lines.join("\n"))
}

fn translate_line(line: &str) -> Result<String, CellError> {
    let Some(magic) = ipython_part(line) else {
        return Ok(line.to_owned());
    };
    let (name, argument) = magic.split_once(char::is_whitespace).unwrap_or((magic, ""));
    let argument = argument.trim();
    match name.strip_prefix('%') {
        Some(name) if LIVY_MAGICS.contains(&name) && argument.is_empty() => {
            Err(usage_error(format!("%{name} needs the name of a variable, as in %{name} x")))
        }
        Some(name @ ("json" | "table")) => Ok(guarded(name, argument)),
        Some("matplot") => Ok(line.to_owned()),
        Some(name) if IPYTHON_SETTINGS.contains(&name) => Ok(String::new()),
        _ => Err(usage_error(format!(
            "{magic:?} needs the agent, which this session does not have: LIVY_AGENT=never is set, or it \
             could not be installed (%info says why)"
        ))),
    }
}

/// The magic below a line that fails where the magic would end Livy's interpreter: for rows that
/// make no table, and values that JSON cannot hold.
fn guarded(name: &str, variable: &str) -> String {
    let variable = serde_json::Value::from(variable);
    format!(
        "assert __import__('json').dumps(__import__('__main__').magic_{name}({variable}))\n\
         %{name} {}",
        variable.as_str().unwrap_or_default()
    )
}

/// The part of a line that looks like IPython's syntax.
fn ipython_part(line: &str) -> Option<&str> {
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

fn usage_error(what: String) -> CellError {
    CellError::new("UsageError", what, "The cell did not run. Change that line, then run it again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(code: &str) -> String {
        translate_for_livy(code).expect_err(code).evalue
    }

    #[test]
    fn python_is_left_alone() {
        for code in ["1 + 1", "x = '''\n%time\n'''", "x = (7\n%4)", "def (", "a != b", ""] {
            assert_eq!(translate_for_livy(code).unwrap(), code);
        }
    }

    #[test]
    fn code_that_awaits_needs_the_agent() {
        for code in ["await f()", "x = [await f() for _ in y]", "%who"] {
            assert!(needs_agent(code), "{code}");
        }
        for code in ["awaited = 1", "f(1)"] {
            assert!(!needs_agent(code), "{code}");
        }
    }

    #[test]
    fn syntax_that_only_the_agent_can_translate_is_refused() {
        for code in ["%time f()", "x = !ls", "!ls", "%%time\n1", "f?", "?f", "1\n  %who"] {
            assert!(refused(code).contains("LIVY_AGENT"), "{code}");
        }
    }

    #[test]
    fn a_magic_that_would_end_livys_interpreter_is_guarded() {
        assert!(refused("%json").contains("%json needs the name"));
        assert!(refused("x = 1\n%table ").contains("%table needs the name"));
        let guarded = translate_for_livy("%table rows").unwrap();
        assert_eq!(
            guarded,
            "assert __import__('json').dumps(__import__('__main__').magic_table(\"rows\"))\n%table rows"
        );
    }

    #[test]
    fn settings_of_ipython_are_left_out() {
        assert_eq!(translate_for_livy("%matplotlib inline\n%autoreload 2\n1").unwrap(), "\n\n1");
        assert_eq!(translate_for_livy("%matplot plt").unwrap(), "%matplot plt");
    }
}
