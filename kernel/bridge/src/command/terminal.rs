//! What is written to a terminal: answers on stdout, words for the person on stderr.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write},
};

/// Prints a line for the person. An error means that nobody reads it any more, or a full disk.
pub fn say(line: impl Display) -> io::Result<()> {
    print(&escaped(&line.to_string()))
}

/// Prints a line of JSON for a program. Control characters are only ever in its strings.
pub fn say_json(value: &impl serde::Serialize) -> io::Result<()> {
    print(&escaped(&serde_json::to_string(value)?))
}

fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Says something beside the answer. Where stderr is closed there is nobody to tell.
pub fn warn(line: impl Display) {
    let _ = writeln!(io::stderr(), "livy-kernel: {}", escaped(&line.to_string()));
}

/// Asks the person something.
pub fn ask(question: impl Display) -> io::Result<String> {
    write!(io::stderr(), "{question}")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Text that comes from elsewhere must not move the cursor, hide what stands before it or answer
/// for the terminal; JSON's escapes say what was there.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match is_harmless(c) {
            true => escaped.push(c),
            false => _ = write!(escaped, "\\u{:04x}", u32::from(c)),
        }
    }
    escaped
}

/// The rest are control characters, and those that turn the direction of the text around them.
fn is_harmless(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_carried_out() {
        assert_eq!(
            escaped("a\u{1b}[2Jb\rc\u{9b}d\u{202e}e"),
            "a\\u001b[2Jb\\u000dc\\u009bd\\u202ee"
        );
        assert_eq!(escaped("é\t日本\nß"), "é\t日本\nß");
    }

    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({"name": "a\u{1b}\u{7f}\u{9b}\u{202e}\n"});
        let text = escaped(&value.to_string());
        assert!(text.chars().all(is_harmless));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
