//! The line of a magic: its words, and the options that they are.

use clap::{Parser, error::ErrorKind};

use crate::failure::Failure;

/// What a magic's line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// That something is done.
    Do(T),
    /// How to use it.
    Help(String),
}

/// A line's words; quotes keep spaces together.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A text that [`words`] takes for this one word.
pub fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"'\"'\""))
}

/// Reads a line, its magic's name in any case; an error says how to write it.
pub fn read<T: Parser>(line: &str) -> Result<Asked<T>, Failure> {
    let mut words = words(line);
    if let Some(name) = words.first_mut() {
        name.make_ascii_lowercase();
    }
    match T::try_parse_from(words) {
        Ok(asked) => Ok(Asked::Do(asked)),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(Asked::Help(error.to_string().trim_end().to_owned()))
        }
        Err(error) => Err(usage(&error)),
    }
}

fn usage(error: &clap::Error) -> Failure {
    let traceback: Vec<String> = error.to_string().trim_end().lines().map(str::to_owned).collect();
    let evalue = traceback.first().cloned().unwrap_or_default();
    Failure { ename: "UsageError".to_owned(), evalue, traceback }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(words("%x -a 'b c' \"d\"e  ''"), ["%x", "-a", "b c", "de", ""]);
        assert_eq!(words(" "), Vec::<String>::new());
    }

    #[test]
    fn a_quoted_word_is_that_word() {
        for word in ["", "a b", "say \"it's\"", "\"", "'"] {
            assert_eq!(words(&quoted(word)), [word]);
        }
    }
}
