//! How far a grammar can follow code. A parser of this family shifts a token only if some
//! program goes on with it, so code in which it found nothing wrong before the end is the beginning
//! of a program.

use std::sync::{Arc, Mutex, PoisonError};

use jupyter_wire::content::{Completeness, IsCompleteReply};
use tree_sitter::{Language, Node, Parser, Tree};

/// What came of parsing.
pub struct Reading<'c> {
    /// The code.
    pub code: &'c str,
    /// The tree, with what could not be understood in it.
    pub tree: Tree,
    /// The code before the first token that fits nowhere.
    pub understood: &'c str,
}

/// Where the parser is, as `(line, column in bytes)`, until it first has no way on.
#[derive(Default)]
struct Progress {
    furthest: (usize, usize),
    stuck: bool,
}

impl<'c> Reading<'c> {
    /// Parses code; `None` only if the grammar does not fit the parser.
    pub fn of(code: &'c str, language: &Language) -> Option<Self> {
        let progress = Arc::new(Mutex::new(Progress::default()));
        let told = Arc::clone(&progress);
        let mut parser = Parser::new();
        parser.set_language(language).ok()?;
        // Of all that the parser tells, only its log says where it first had no way on: its tree
        // may have everything up to there, and beyond, in one error.
        parser.set_logger(Some(Box::new(move |_, message| {
            told.lock().unwrap_or_else(PoisonError::into_inner).hear(message);
        })));
        let tree = parser.parse(code, None)?;
        let furthest = progress.lock().unwrap_or_else(PoisonError::into_inner).furthest;
        let understood = code.get(..offset(code, furthest)).unwrap_or(code);
        Some(Self { code, tree, understood })
    }

    /// Complete without an error, incomplete where the only error is that the code ends.
    pub fn verdict(&self) -> Completeness {
        let rest = &self.code[self.understood.len()..];
        match (self.tree.root_node().has_error(), rest.trim().is_empty()) {
            (false, _) => Completeness::Complete,
            (true, true) => Completeness::Incomplete,
            (true, false) => Completeness::Invalid,
        }
    }

    /// The kind and the text of the last token.
    pub fn last_token(&self) -> (&str, &str) {
        let node = last_leaf(self.tree.root_node());
        (node.kind(), self.code.get(node.byte_range()).unwrap_or_default())
    }
}

/// The reply, with an indent where more is to come.
pub fn reply(status: Completeness, indent: impl FnOnce() -> String) -> IsCompleteReply {
    match status {
        Completeness::Incomplete => IsCompleteReply::incomplete(indent()),
        status => IsCompleteReply::new(status),
    }
}

impl Progress {
    fn hear(&mut self, message: &str) {
        if message.starts_with("resume version") {
            self.stuck = true;
        } else if !self.stuck
            && message.starts_with("process version")
            && let (Some(line), Some(column)) = (number(message, "row:"), number(message, "col:"))
        {
            self.furthest = self.furthest.max((line, column));
        }
    }
}

fn number(message: &str, name: &str) -> Option<usize> {
    message.split(", ").find_map(|field| field.strip_prefix(name))?.parse().ok()
}

fn offset(code: &str, (line, column): (usize, usize)) -> usize {
    code.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
}

fn last_leaf(node: Node<'_>) -> Node<'_> {
    let mut leaf = node;
    while let Some(last) = leaf.child_count().checked_sub(1).and_then(|last| leaf.child(last)) {
        leaf = last;
    }
    leaf
}
