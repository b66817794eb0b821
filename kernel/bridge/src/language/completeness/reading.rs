//! Finds how far a grammar can follow code. A parser of this family (LR) shifts a token only if some
//! program continues with it. So code without an error before its end is the beginning of a program.

use std::sync::{Arc, Mutex, PoisonError};

use jupyter_wire::content::{Completeness, IsCompleteReply};
use tree_sitter::{Language, Node, Parser, Tree};

/// The result of parsing code.
pub struct Reading<'c> {
    /// The code that was parsed.
    pub code: &'c str,
    /// The syntax tree, which has error nodes where the grammar did not fit.
    pub tree: Tree,
    /// The code before the first token that does not fit.
    pub understood: &'c str,
}

/// How far the parser has come, as `(line, column in bytes)`, until it is stuck for the first time.
#[derive(Default)]
struct Progress {
    furthest: (usize, usize),
    stuck: bool,
}

impl<'c> Reading<'c> {
    /// Parses code; `None` only if the grammar's version does not fit the parser's.
    pub fn of(code: &'c str, language: &Language) -> Option<Self> {
        let progress = Arc::new(Mutex::new(Progress::default()));
        let logged = Arc::clone(&progress);
        let mut parser = Parser::new();
        parser.set_language(language).ok()?;
        // Only the parser's log says where it was first stuck: in the tree, one error node may cover
        // everything up to there and beyond.
        parser.set_logger(Some(Box::new(move |_, message| {
            logged.lock().unwrap_or_else(PoisonError::into_inner).read_log(message);
        })));
        let tree = parser.parse(code, None)?;
        let furthest = progress.lock().unwrap_or_else(PoisonError::into_inner).furthest;
        let understood = code.get(..offset(code, furthest)).unwrap_or(code);
        Some(Self { code, tree, understood })
    }

    /// Complete without an error; incomplete if the only error is that the code ends.
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

/// The reply, with an indent if the code is incomplete.
pub fn reply(status: Completeness, indent: impl FnOnce() -> String) -> IsCompleteReply {
    match status {
        Completeness::Incomplete => IsCompleteReply::incomplete(indent()),
        status => IsCompleteReply::new(status),
    }
}

/// The indent of the last line, deeper by `step` if the line ends in one of the `openers`.
pub fn indent_after(code: &str, openers: &[&str], step: &str) -> String {
    let line = code.trim_end().rsplit('\n').next().unwrap_or_default();
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    match openers.iter().any(|opener| line.ends_with(opener)) {
        true => indent + step,
        false => indent,
    }
}

impl Progress {
    fn read_log(&mut self, message: &str) {
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
