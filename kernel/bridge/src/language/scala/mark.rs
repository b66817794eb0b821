//! The marks that let a statement go on in the next line. Livy gives the REPL line by line, and only an
//! open comment makes the REPL wait for the next line without a change to the code. So what stands
//! between two lines becomes a comment; its lines stay as many, and its text stays as it is.

use std::borrow::Cow;

// The space keeps it apart from an operator such as `/`.
const OPEN: &str = r" /*\";
const CLOSE: &str = r"\*/";

/// What stands between two tokens, as a comment.
pub fn comment(gap: &str) -> String {
    let (missing, open) = balance(gap);
    format!("{}{gap}{}", OPEN.repeat(missing + 1), CLOSE.repeat(open + 1))
}

/// How many comments the text closes that it does not open, and how many it leaves open after that.
fn balance(text: &str) -> (usize, usize) {
    let (mut missing, mut open) = (0, 0);
    let mut rest = text;
    while let Some(at) = rest.find(['/', '*']) {
        rest = &rest[at..];
        let length = match rest.get(..2) {
            Some("/*") => {
                open += 1;
                2
            }
            Some("*/") => {
                match open {
                    0 => missing += 1,
                    _ => open -= 1,
                }
                2
            }
            _ => 1,
        };
        rest = &rest[length..];
    }
    (missing, open)
}

/// Takes the marks out of code.
pub fn unmarked(code: &str) -> String {
    code.replace(OPEN, "").replace(CLOSE, "")
}

/// Takes the marks out of the lines of code that the compiler quotes, each above a line with a caret.
pub fn without_marks(text: &str) -> Cow<'_, str> {
    if !text.contains(OPEN) && !text.contains(CLOSE) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut shown: Vec<Cow<'_, str>> = Vec::new();
    let mut hidden_before_caret = 0;
    for (at, line) in lines.iter().enumerate() {
        let caret = lines.get(at + 1).and_then(|below| caret_of(below));
        shown.push(match caret {
            Some(caret) => {
                let before = line.char_indices().nth(caret).map_or(line.len(), |(at, _)| at);
                hidden_before_caret = marks_length(&line[..before]);
                unmarked(line).into()
            }
            None => {
                let hidden = std::mem::take(&mut hidden_before_caret);
                line.get(hidden..).filter(|_| caret_of(line).is_some()).unwrap_or(line).into()
            }
        });
    }
    shown.join("\n").into()
}

/// The column of the caret, if the line has nothing else.
fn caret_of(line: &str) -> Option<usize> {
    line.trim_end().strip_suffix('^').filter(|before| before.trim().is_empty()).map(str::len)
}

fn marks_length(text: &str) -> usize {
    text.matches(OPEN).count() * OPEN.len() + text.matches(CLOSE).count() * CLOSE.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_within_a_comment_stays_balanced() {
        assert_eq!(comment("\n  "), " /*\\\n  \\*/");
        assert_eq!(comment(" // all/*.csv\n"), " /*\\ // all/*.csv\n\\*/\\*/");
        assert_eq!(comment(" // a */ b\n"), " /*\\ /*\\ // a */ b\n\\*/");
        assert_eq!(comment(" /* a */\n"), " /*\\ /* a */\n\\*/");
        assert_eq!(comment(" // */ /* b\n"), " /*\\ /*\\ // */ /* b\n\\*/\\*/");
    }

    #[test]
    fn quoted_code_is_the_users() {
        let error = "<console>:25: error: value foo is not a member\n         \\*/.foo(3) /*\\ // x\n            ^\nx\n";
        assert_eq!(
            without_marks(error),
            "<console>:25: error: value foo is not a member\n         .foo(3) // x\n         ^\nx\n"
        );
    }

    #[test]
    fn other_text_stays() {
        for text in ["a /*\\ b\n", "a\n  ^\n", "\\*/"] {
            assert_eq!(without_marks(text), text);
        }
    }
}
