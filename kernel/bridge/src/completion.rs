//! Completion through Livy.

use std::time::Duration;

use jupyter_wire::content::CompleteReply;
use livy_client::completion::{CompletionRequest, complete as ask};

use crate::{keeper::Keeper, kind::Kind};

/// A frontend would rather have nothing than wait longer.
const LIMIT: Duration = Duration::from_secs(5);

/// Code and a place in it, in the units of each side.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Where the word before the cursor begins, in code points as Jupyter counts.
    start: i64,
    /// The cursor, likewise.
    end: i64,
    /// The cursor in UTF-16 units, as the JVM counts.
    utf16: usize,
}

/// The names that Livy offers; none while there is no session, since nobody asked for one yet.
pub async fn complete(keeper: &Keeper, kind: Kind, code: String, cursor: i64) -> CompleteReply {
    let place = place(&code, cursor);
    let matches = match keeper.live() {
        Some(live) => {
            let at =
                CompletionRequest { code, kind: kind.as_str().to_owned(), cursor: place.utf16 };
            let answer = live.client.send(ask(&live.session.id, &at));
            match tokio::time::timeout(LIMIT, answer).await {
                Ok(Ok(answer)) => answer.candidates,
                Ok(Err(error)) => {
                    tracing::debug!("no completion: {error}");
                    Vec::new()
                }
                Err(_) => Vec::new(),
            }
        }
        None => Vec::new(),
    };
    CompleteReply {
        matches,
        cursor_start: place.start,
        cursor_end: place.end,
        ..CompleteReply::default()
    }
}

/// A cursor outside the code is taken for the nearest place inside.
fn place(code: &str, cursor: i64) -> Place {
    let before: Vec<char> = code.chars().take(usize::try_from(cursor).unwrap_or(0)).collect();
    let word = before.iter().rev().take_while(|&&c| c.is_alphanumeric() || c == '_').count();
    let code_points = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Place {
        start: code_points(before.len() - word),
        end: code_points(before.len()),
        utf16: before.iter().map(|c| c.len_utf16()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_replaced() {
        assert_eq!(place("spark.ra", 8), Place { start: 6, end: 8, utf16: 8 });
        assert_eq!(place("x = ", 4), Place { start: 4, end: 4, utf16: 4 });
    }

    #[test]
    fn positions_count_code_points_for_jupyter_and_utf16_for_the_jvm() {
        assert_eq!(place("\"𨭎\".len", 7), Place { start: 4, end: 7, utf16: 8 });
    }

    #[test]
    fn a_cursor_outside_the_code_is_moved_inside() {
        assert_eq!(place("ab", 99), Place { start: 0, end: 2, utf16: 2 });
        assert_eq!(place("ab", -1), Place { start: 0, end: 0, utf16: 0 });
    }
}
