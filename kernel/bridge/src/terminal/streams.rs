//! Writes to the terminal: results to stdout, messages to stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use crate::visible::{visible, visible_with_colours};

/// Prints a line of the result.
///
/// # Errors
///
/// Fails if the reader has closed the pipe, or if the disk is full.
pub fn print(line: impl Display) -> io::Result<()> {
    write_line(&visible(&line.to_string()))
}

/// Prints a line of JSON for programs. Control characters can only be in its strings.
///
/// # Errors
///
/// Fails like [`print`].
pub fn print_json(value: &impl serde::Serialize) -> io::Result<()> {
    write_line(&visible(&serde_json::to_string(value)?))
}

fn write_line(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Writes a message to stderr. If stderr is closed, the message is lost.
pub fn warn(line: impl Display) {
    let _ = writeln!(io::stderr(), "livy-kernel: {}", visible(&line.to_string()));
}

/// Prints what code has printed, without a line break of its own: as it is into a file or a pipe, and to a terminal
/// without what would do more there than colour.
///
/// # Errors
///
/// Fails like [`print`].
pub fn print_output(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    write!(stdout, "{}", for_reader(text, stdout.is_terminal()))?;
    stdout.flush()
}

/// Like [`print_output`], to stderr. If stderr is closed, the text is lost.
pub fn print_error_output(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{}", for_reader(text, stderr.is_terminal()));
}

/// Progress bars return to the beginning of their line.
fn for_reader(text: &str, is_terminal: bool) -> String {
    match is_terminal {
        true => text.split('\r').map(visible_with_colours).collect::<Vec<_>>().join("\r"),
        false => text.to_owned(),
    }
}

/// Asks the user a question and returns the answer.
///
/// # Errors
///
/// Fails if the terminal cannot be written or read.
pub fn ask(question: impl Display) -> io::Result<String> {
    write!(io::stderr(), "{}", visible(&question.to_string()))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Writes the log to stderr. Its lines are escaped, since they may contain text of a server.
#[derive(Clone, Copy, Debug)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(visible(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
