//! The output of a Scala or R statement that was shown while it ran. Livy's answer repeats it, in Scala between the
//! echoes of definitions, which are not printed but answered. Pure.

use crate::{kind::Kind, language::scala, output::r};

/// What a cell's statement has printed.
#[derive(Debug)]
pub struct PrintedEcho {
    kind: Kind,
    cell: String,
    /// In the order in which they were printed.
    pieces: Vec<String>,
}

impl PrintedEcho {
    /// The output of a cell that has printed nothing yet; none, if Livy's answer does not repeat it.
    pub fn of(kind: Kind, cell: &str) -> Option<Self> {
        let is_repeated = matches!(kind, Kind::Spark | Kind::Sparkr);
        is_repeated.then(|| Self { kind, cell: cell.to_owned(), pieces: Vec::new() })
    }

    /// Notes that a piece was shown.
    pub fn add(&mut self, piece: &str) {
        self.pieces.push(piece.to_owned());
    }

    /// A piece as it is about the cell, and not about what Livy makes of it.
    pub fn as_written(&self, piece: &str) -> String {
        match self.kind {
            Kind::Sparkr => r::without_livys_calls(piece),
            _ => scala::as_written(piece, &self.cell).into_owned(),
        }
    }

    /// Returns what was not shown of a text.
    pub fn not_shown_of(&self, text: &str) -> String {
        let (mut rest, mut left) = (text, String::new());
        for piece in &self.pieces {
            // The end of an answer may have lost its line break.
            let found = rest.find(piece).map(|at| (at, piece.len()));
            let cut = || {
                rest.strip_suffix(piece.trim_end()).map(|kept| (kept.len(), piece.trim_end().len()))
            };
            if let Some((at, length)) = found.or_else(cut) {
                left += &rest[..at];
                rest = &rest[at + length..];
            }
        }
        left += rest;
        if left.trim().is_empty() { String::new() } else { left }
    }

    /// Returns what was not shown of an error, whose first line is the output, if there was any.
    pub fn not_shown_of_error(
        &self,
        evalue: String,
        traceback: Vec<String>,
    ) -> (String, Vec<String>) {
        if self.pieces.is_empty() {
            return (evalue, traceback);
        }
        let left = self.not_shown_of(&format!("{evalue}\n{}", traceback.concat()));
        match left.split_once('\n') {
            Some((first, rest)) => {
                (first.to_owned(), rest.split_inclusive('\n').map(str::to_owned).collect())
            }
            None => (left, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(pieces: &[&str]) -> PrintedEcho {
        let pieces = pieces.iter().map(|&piece| piece.to_owned()).collect();
        PrintedEcho { pieces, ..PrintedEcho::of(Kind::Spark, "").unwrap() }
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let text = "defined class A\ntick 1\ntick 2\nres0: Int = 2\n";
        assert_eq!(
            echo(&["tick 1\n", "tick 2\n"]).not_shown_of(text),
            "defined class A\nres0: Int = 2\n"
        );
        assert_eq!(echo(&["tick 1\ntick"]).not_shown_of("tick 1\ntick 2\n"), " 2\n");
        assert_eq!(echo(&["é\n"]).not_shown_of("é"), "");
        assert_eq!(echo(&[]).not_shown_of("all\n"), "all\n");
    }

    #[test]
    fn what_livy_does_not_repeat_changes_nothing() {
        assert_eq!(echo(&["gone\n", "x\n"]).not_shown_of("a\nx\nb\n"), "a\nb\n");
    }

    #[test]
    fn an_error_begins_behind_what_was_shown() {
        let (evalue, traceback) = echo(&["tick\n"]).not_shown_of_error(
            "tick".into(),
            vec!["java.lang.Error: é\n".into(), "  ... 3 elided\n".into()],
        );
        assert_eq!(evalue, "java.lang.Error: é");
        assert_eq!(traceback, ["  ... 3 elided\n"]);
        let nothing_shown = echo(&[]).not_shown_of_error("a".into(), vec!["b".into()]);
        assert_eq!(nothing_shown, ("a".to_owned(), vec!["b".to_owned()]));
    }
}
