//! What the compiler says in the REPL of Scala 2.13, which leaves out what a terminal shows above: the code
//! of a single line, and the place of an error in it. Pure.

use std::borrow::Cow;

use crate::language::scala::for_the_repl::for_the_repl;

/// The REPL shifts lines by its prompt (`scala> `).
const SHIFT: &str = "       ";
const LINE: &str = "On line ";

/// Gives messages the form that they have in Scala 2.12, with what is known of their place:
/// `<console>:3: error: …`, the line, and the caret.
pub fn in_form_of_2_12<'t>(text: &'t str, cell: &str) -> Cow<'t, str> {
    if !text.contains('^') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let begins = |at: usize| is_message(&lines, at);
    if !(0..lines.len()).any(begins) {
        return Cow::Borrowed(text);
    }
    let mut shown: Vec<Cow<'_, str>> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if !begins(at) {
            shown.push(lines[at].into());
            at += 1;
            continue;
        }
        let (caret, head) = (lines[at], lines[at + 1]);
        at += 2;
        let end = (at..lines.len())
            .find(|&next| !lines[next].starts_with(SHIFT) || begins(next) || begins(next + 1))
            .unwrap_or(lines.len());
        let numbered = head.strip_prefix(LINE);
        let quoted =
            numbered.map(|_| shown.pop().map(|line| shifted(&line, cell)).unwrap_or_default());
        shown.push(match numbered {
            Some(numbered) => format!("<console>:{numbered}").into(),
            None => with_place(unshifted(head), cell).into(),
        });
        shown.extend(lines[at..end].iter().map(|line| unshifted(line).into()));
        if let Some(quoted) = quoted {
            shown.extend([quoted.into(), caret.into()]);
        }
        at = end;
    }
    shown.join("\n").into()
}

/// Whether a caret begins a message of the compiler's.
fn is_message(lines: &[&str], at: usize) -> bool {
    let says = |text: &str| text.starts_with("error: ") || text.starts_with("warning: ");
    let is_head = |line: &&str| match line.strip_prefix(LINE) {
        Some(numbered) => numbered.split_once(": ").is_some_and(|(number, text)| {
            number.bytes().all(|byte| byte.is_ascii_digit()) && says(text)
        }),
        None => line.strip_prefix(SHIFT).is_some_and(says),
    };
    lines.get(at).is_some_and(|line| line.trim() == "^") && lines.get(at + 1).is_some_and(is_head)
}

fn with_place(message: &str, cell: &str) -> String {
    match line_of(message, cell) {
        Some(line) => format!("cell:{line}: {message}"),
        None => message.to_owned(),
    }
}

/// The line of a cell that a message is about, if it can be only one: the only line that there is, or that
/// has the name in the message.
fn line_of(message: &str, cell: &str) -> Option<usize> {
    let name = name_in(message);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let has_name = |line: &str| match name {
        Some(name) => line.split(|c| !is_word(c)).any(|word| word == name),
        None => !line.trim().is_empty(),
    };
    let mut lines = cell.lines().zip(1..).filter(|(line, _)| has_name(line));
    let (_, line) = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// `foo` in `error: not found: value foo` and in `error: value foo is not a member of Int`.
fn name_in(message: &str) -> Option<&str> {
    let message = message.strip_prefix("error: ")?;
    let thing = message.strip_prefix("not found: ").unwrap_or(message);
    let (what, name) = thing.split_once(' ')?;
    let name = name.split(' ').next()?;
    matches!(what, "value" | "type" | "object" | "class").then_some(name)
}

/// The quoted line as the REPL shifts it, even if somebody has trimmed it.
fn shifted(quoted: &str, cell: &str) -> String {
    let sent = for_the_repl(cell);
    let line = sent.lines().find(|line| line.trim() == quoted.trim());
    line.map_or_else(|| quoted.to_owned(), |line| format!("{SHIFT}{line}"))
}

fn unshifted(line: &str) -> &str {
    line.strip_prefix(SHIFT).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, text: &str, shown: &str) {
        assert_eq!(in_form_of_2_12(text, cell), shown);
    }

    #[test]
    fn a_line_that_a_terminal_shows_is_left_out() {
        check(
            "foo",
            "^\n       error: not found: value foo",
            "cell:1: error: not found: value foo",
        );
        check("a\nfoo", "^\n       error: x\n        found: y\n", "error: x\n found: y\n");
        let not_found = "^\n       error: not found: value foo\n";
        check("a\nfoo + 1", not_found, "cell:2: error: not found: value foo\n");
        check("foo(1)\nfoo + 1", not_found, "error: not found: value foo\n");
        check("f\n1", "hi\n         ^\n       warning: x\n       y\nres", "hi\nwarning: x\ny\nres");
    }

    #[test]
    fn a_line_of_several_is_quoted_above_its_caret() {
        check(
            "{\n  1\n  foo + x\n}",
            "foo + x\n         ^\nOn line 3: error: not found: value foo\n",
            "<console>:3: error: not found: value foo\n         foo + x\n         ^\n",
        );
        check(
            "xs\n  .foo(3)",
            "\\*/.foo(3)\n            ^\nOn line 2: error: x\n       did you mean y?\n",
            "<console>:2: error: x\ndid you mean y?\n         \\*/.foo(3)\n            ^\n",
        );
    }

    #[test]
    fn several_messages_of_a_statement_keep_their_lines() {
        check(
            "class A {\n  val u: Int = 1.5\n  def y = b.foo\n}",
            "def y = b.foo\n             ^\nOn line 3: error: x\n         val u: Int = 1.5\n                      ^\nOn line 2: error: y\n",
            "<console>:3: error: x\n         def y = b.foo\n             ^\n<console>:2: error: y\n         val u: Int = 1.5\n                      ^\n",
        );
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "^", "^\n", "^\nerror: x", "^\nOn line x: error: y", "x\n ^\n y\n"] {
            check("x", text, text);
        }
    }
}
