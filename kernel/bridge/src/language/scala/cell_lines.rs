//! The lines of a cell that the compiler's messages are about. The REPL counts lines of the text that it
//! makes of each statement, such as `<console>:25`, and quotes the line. Pure.

use std::borrow::Cow;

const REPL: &str = "<console>:";
const CELL: &str = "cell:";

/// What the compiler says about one line.
struct Message<'t> {
    /// Which line of the text it begins with.
    at: usize,
    /// The number that the REPL gives the line.
    number: usize,
    quoted: Option<&'t str>,
}

/// Gives the compiler's messages the line numbers of the cell: `cell:3: error: …`. A number whose line is
/// not in the cell stays the REPL's.
pub fn with_cell_lines<'t>(text: &'t str, cell: &str) -> Cow<'t, str> {
    if !text.contains(REPL) {
        return Cow::Borrowed(text);
    }
    let mut lines: Vec<Cow<'_, str>> = text.split('\n').map(Cow::Borrowed).collect();
    let messages = messages(text);
    let cell: Vec<&str> = cell.lines().map(str::trim).collect();
    let mut rest = messages.as_slice();
    while !rest.is_empty() {
        let (count, above) = of_one_statement(rest, &cell);
        for message in &rest[..count] {
            if let Some(line) = above.and_then(|above| message.number.checked_add_signed(-above)) {
                let after = &lines[message.at][REPL.len() + message.number.to_string().len()..];
                lines[message.at] = format!("{CELL}{line}{after}").into();
            }
        }
        rest = &rest[count..];
    }
    lines.join("\n").into()
}

/// Whether a line begins a message of the compiler's.
pub fn is_of_the_compiler(line: &str) -> bool {
    let message = [REPL, CELL].iter().find_map(|place| line.strip_prefix(place)?.split_once(": "));
    let message = message.map_or(line, |(_, message)| message);
    message.starts_with("error: ") || message.starts_with("warning: ")
}

/// Whether the text of an error says that code was not compiled, and so did not run.
pub fn is_not_compiled(text: &str) -> bool {
    text.lines().any(|line| is_of_the_compiler(line) && line.contains("error: "))
}

fn messages(text: &str) -> Vec<Message<'_>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let begins = |at: &usize| number_of(lines[*at]).is_some();
    let starts: Vec<usize> = (0..lines.len()).filter(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let message = |(&at, end)| {
        let number = number_of(lines[at])?;
        let caret = lines[at..end].iter().position(|line| line.trim() == "^");
        let quoted = caret.and_then(|caret| lines[at..at + caret].last()).copied();
        Some(Message { at, number, quoted: quoted.map(str::trim) })
    };
    starts.iter().zip(ends).filter_map(message).collect()
}

/// The number in `<console>:25: error: …`.
fn number_of(line: &str) -> Option<usize> {
    let (number, after) = line.strip_prefix(REPL)?.split_once(": ")?;
    (after.starts_with("error: ") || after.starts_with("warning: "))
        .then(|| number.parse().ok())
        .flatten()
}

/// How many of the first messages are about the same statement, and how many lines the REPL has put above
/// the cell's first line for it. The REPL stops at the first statement with an error, so of several that
/// read the same it is the first.
fn of_one_statement(messages: &[Message<'_>], cell: &[&str]) -> (usize, Option<isize>) {
    let mut common: Option<Vec<isize>> = None;
    for (count, message) in messages.iter().enumerate() {
        let possible = possible_offsets(message, cell);
        let shared = match &common {
            None => possible,
            Some(common) => common.iter().copied().filter(|at| possible.contains(at)).collect(),
        };
        if shared.is_empty() && count > 0 {
            return (count, common.and_then(|common| common.first().copied()));
        }
        common = Some(shared);
    }
    (messages.len(), common.and_then(|common| common.first().copied()))
}

/// What the difference between the REPL's number and the cell's may be.
fn possible_offsets(message: &Message<'_>, cell: &[&str]) -> Vec<isize> {
    let Some(quoted) = message.quoted.filter(|quoted| !quoted.is_empty()) else {
        return Vec::new();
    };
    let lines = |is_it: &dyn Fn(&str) -> bool| -> Vec<isize> {
        let found = cell.iter().zip(1_isize..).filter(|(line, _)| is_it(line));
        found.filter_map(|(_, line)| Some(isize::try_from(message.number).ok()? - line)).collect()
    };
    // What is shown by `display(…)` is compiled without these words.
    match lines(&|line| line == quoted) {
        whole if !whole.is_empty() => whole,
        _ => lines(&|line| line.contains(quoted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, text: &str, shown: &str) {
        assert_eq!(with_cell_lines(text, cell), shown);
    }

    #[test]
    fn an_error_has_the_line_of_the_cell() {
        check(
            "val a = 1\n\n  r.foo(3)",
            "<console>:24: error: value foo is not a member\n       r.foo(3)\n         ^\n",
            "cell:3: error: value foo is not a member\n       r.foo(3)\n         ^\n",
        );
        check(
            "a\nval u: Int = \"x\"",
            "<console>:22: error: type mismatch;\n found   : a\n       val u: Int = \"x\"\n      ^",
            "cell:2: error: type mismatch;\n found   : a\n       val u: Int = \"x\"\n      ^",
        );
        check(
            "a\ndisplay(b.foo)",
            "<console>:9: error: x\nb.foo\n  ^",
            "cell:2: error: x\nb.foo\n  ^",
        );
    }

    #[test]
    fn lines_that_read_the_same_are_told_apart_by_the_other_errors_of_the_statement() {
        let error = |number, line| format!("<console>:{number}: error: x\n  {line}\n  ^\n");
        let cell = "y.a\n{\n  y.a\n  y.b\n}";
        let shown = with_cell_lines(&(error(30, "y.a") + &error(31, "y.b")), cell).into_owned();
        assert!(shown.starts_with("cell:3:") && shown.contains("\ncell:4:"), "{shown}");
        assert!(with_cell_lines(&error(30, "y.a"), cell).starts_with("cell:1:"));
    }

    #[test]
    fn warnings_of_several_statements_have_their_own_lines() {
        let warning = |number, line| format!("<console>:{number}: warning: x\n  {line}\n  ^\n");
        let text = warning(30, "a") + "out\n" + &warning(22, "b") + &warning(7, "gone");
        let shown = with_cell_lines(&text, "a\n\nb").into_owned();
        let heads: Vec<_> = shown.lines().filter(|line| line.contains("warning")).collect();
        assert_eq!(heads, ["cell:1: warning: x", "cell:3: warning: x", "<console>:7: warning: x"]);
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "x\n", "at f(<console>:23)", "<console>:x: error: y", "<console>:3: note"]
        {
            check("x", text, text);
        }
        check("x", "<console>:3: error: x", "<console>:3: error: x");
    }
}
