//! Splits command lines into words, and quotes words, as a shell does.

use std::borrow::Cow;

/// Replaces a backslash while a line is split; no line of text contains this character.
const BACKSLASH: &str = "\0";

/// The error for a line with a quote that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has a quote that is not closed")]
pub struct OpenQuote;

/// Splits a line into words as a POSIX shell does, with one difference: a backslash is a character
/// like any other, since it separates folders in Windows paths.
///
/// # Errors
///
/// Fails if a quote is not closed.
pub fn split(line: &str) -> Result<Vec<String>, OpenQuote> {
    let words = shell_words::split(&line.replace('\\', BACKSLASH)).map_err(|_| OpenQuote)?;
    Ok(words.into_iter().map(|word| word.replace(BACKSLASH, "\\")).collect())
}

/// Quotes a word, so that [`split`] yields it again.
pub fn quote(word: &str) -> Cow<'_, str> {
    match word.contains('\'') {
        true => format!("\"{}\"", word.replace('"', "\"'\"'\"")).into(),
        false => shell_words::quote(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        let words = split("%x -a 'b c' \"d\"e  '' # a comment").unwrap();
        assert_eq!(words, ["%x", "-a", "b c", "de", ""]);
        assert_eq!(split(" ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error() {
        assert_eq!(split("%x 'a b"), Err(OpenQuote));
    }

    #[test]
    fn a_backslash_is_a_character_like_any_other() {
        let words = split(r#"C:\az.exe 'C:\a b' "C:\c d""#).unwrap();
        assert_eq!(words, [r"C:\az.exe", r"C:\a b", r"C:\c d"]);
    }

    #[test]
    fn a_quoted_word_is_that_word() {
        for word in ["", "a b", "say \"it's\"", "\"", "'", r"C:\a b", "#"] {
            assert_eq!(split(&quote(word)).unwrap(), [word]);
        }
    }
}
