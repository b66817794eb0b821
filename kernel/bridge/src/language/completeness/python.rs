//! Judges Python and IPython's syntax as IPython does: a block goes on until a blank line ends it.

use jupyter_wire::content::{Completeness, IsCompleteReply};
use tree_sitter::{Node, Tree};

use crate::language::{
    completeness::reading::{Reading, indent_after, reply},
    ipython_syntax,
    python_syntax::last_statement,
};

/// Judges code of Python, some of whose statements may be in IPython's syntax.
pub fn completeness(code: &str) -> IsCompleteReply {
    if ends_in_a_backslash(code) {
        return IsCompleteReply::incomplete(indent_after(code, &[], ""));
    }
    match Reading::of(code, &tree_sitter_python::LANGUAGE.into()) {
        None => IsCompleteReply::new(Completeness::Unknown),
        Some(reading) if reading.tree.root_node().has_error() => {
            judge_python(&ipython_syntax::without(code))
        }
        Some(reading) => judge(&reading),
    }
}

/// Whether the next line belongs to the last one, be it Python's or IPython's.
fn ends_in_a_backslash(code: &str) -> bool {
    let mut lines = code.lines().rev();
    lines.find(|line| !line.trim().is_empty()).is_some_and(|line| line.ends_with('\\'))
}

fn judge_python(code: &str) -> IsCompleteReply {
    let reading = Reading::of(code, &tree_sitter_python::LANGUAGE.into());
    reading.map_or(IsCompleteReply::new(Completeness::Unknown), |reading| judge(&reading))
}

fn judge(reading: &Reading<'_>) -> IsCompleteReply {
    let code = reading.code;
    let has_error = reading.tree.root_node().has_error();
    let incomplete = match has_error {
        true => wants_more(reading),
        false => ends_in_an_open_block(&reading.tree, code),
    };
    let status = match (incomplete, has_error) {
        (true, _) => Completeness::Incomplete,
        (false, true) => Completeness::Invalid,
        (false, false) => Completeness::Complete,
    };
    reply(status, || indent_after(code, &[":"], "    "))
}

/// Whether more code could make code with an error valid: a bracket, a triple quote or a block is
/// open at its end.
fn wants_more(reading: &Reading<'_>) -> bool {
    let code = reading.code;
    let end = code.trim_end();
    let mut open = Vec::new();
    for leaf in leaves(reading.tree.root_node()) {
        match leaf.kind() {
            // The parser has inserted a token in the middle of the code.
            _ if leaf.is_missing() && leaf.start_byte() < end.len() => return false,
            _ if leaf.is_missing() => {}
            kind @ ("(" | "[" | "{" | "string_start") => open.push((kind, leaf.byte_range())),
            ")" | "]" | "}" | "string_end" if open.pop().is_none() => return false,
            _ => {}
        }
    }
    match open.pop() {
        Some(("string_start", quote)) => ["\"\"\"", "'''"]
            .iter()
            .any(|triple| code.get(quote.clone()).is_some_and(|quote| quote.ends_with(triple))),
        Some(_) => true,
        None => {
            end.ends_with('\\')
                || last_token(reading.tree.root_node(), code) == ":"
                || wants_another_line(reading)
        }
    }
}

/// Whether the last line is complete, but not its statement: `try` without `except`, a decorator.
fn wants_another_line(reading: &Reading<'_>) -> bool {
    let line = reading.code.trim_end().rsplit('\n').next().unwrap_or_default().trim_start();
    let is_complete = || {
        Reading::of(line, &tree_sitter_python::LANGUAGE.into())
            .is_some_and(|line| line.verdict() == Completeness::Complete)
    };
    reading.verdict() == Completeness::Incomplete && (line.starts_with('@') || is_complete())
}

/// The last token, comments aside.
fn last_token<'c>(root: Node<'_>, code: &'c str) -> &'c str {
    let tokens =
        leaves(root).filter(|leaf| leaf.kind() != "comment" && !leaf.byte_range().is_empty());
    tokens.last().and_then(|leaf| code.get(leaf.byte_range())).unwrap_or_default()
}

fn leaves(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut pending = vec![root];
    std::iter::from_fn(move || {
        loop {
            let node = pending.pop()?;
            if node.child_count() == 0 {
                return Some(node);
            }
            let mut cursor = node.walk();
            let children: Vec<_> = node.children(&mut cursor).collect();
            pending.extend(children.into_iter().rev());
        }
    })
}

fn ends_in_an_open_block(tree: &Tree, code: &str) -> bool {
    let Some(statement) = last_statement(tree) else {
        return false;
    };
    let defined = statement.child_by_field_name("definition").unwrap_or(statement);
    let has = |field| defined.child_by_field_name(field).is_some();
    let compound = has("body") || has("consequence");
    let last_line = code.rsplit('\n').next().unwrap_or_default();
    let has_body = last_token(tree.root_node(), code) != ":";
    compound && (!has_body || code.contains('\n') && !last_line.trim().is_empty())
        || is_bare_try(statement)
}

/// Whether the statement is a `try` alone, which the grammar allows.
fn is_bare_try(statement: Node<'_>) -> bool {
    let mut cursor = statement.walk();
    let is_clause = |child: Node<'_>| child.kind().ends_with("_clause");
    statement.kind() == "try_statement" && !statement.children(&mut cursor).any(is_clause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: IsCompleteReply) {
        let reply = completeness(code);
        assert_eq!((reply.status, reply.indent), (expected.status, expected.indent), "{code:?}");
    }

    #[test]
    fn finished_code_is_complete() {
        for code in [
            "1 + 1",
            "x = (1,\n 2)",
            "",
            "for i in y:\n    print(i)\n",
            "print('''a\nb''')",
            "if x: y",
            "if x:\n    y\nz",
            "# x",
            "x = 1;",
        ] {
            check(code, IsCompleteReply::new(Completeness::Complete));
        }
    }

    #[test]
    fn open_brackets_strings_and_blocks_are_incomplete() {
        check("print(", IsCompleteReply::incomplete(""));
        check("x = '''abc", IsCompleteReply::incomplete(""));
        check("for i in y:", IsCompleteReply::incomplete("    "));
        check("for i in y:\n    print(i)", IsCompleteReply::incomplete("    "));
        check("if x:", IsCompleteReply::incomplete("    "));
        check("def f():\n    if x:", IsCompleteReply::incomplete("        "));
        check("@cached", IsCompleteReply::incomplete(""));
        check("try:\n    x", IsCompleteReply::incomplete("    "));
        check("x = 1 + \\", IsCompleteReply::incomplete(""));
        check("@cached\n", IsCompleteReply::incomplete(""));
        check("if x:  # y", IsCompleteReply::incomplete(""));
        check("try:\n    x\n\n", IsCompleteReply::incomplete("    "));
        check("try:\n    x\nexcept E:", IsCompleteReply::incomplete("    "));
        check("while x:\n    y\nelse:", IsCompleteReply::incomplete("    "));
        check("match x:\n    case 1:", IsCompleteReply::incomplete("        "));
        check(
            "class A:\n    def f(self):\n        pass\n\n    def g(self):",
            IsCompleteReply::incomplete("        "),
        );
        check("def f():\n    '''x\n", IsCompleteReply::incomplete("    "));
        check("f'''{x", IsCompleteReply::incomplete(""));
        check("x = [1,\n  2,", IsCompleteReply::incomplete("  "));
    }

    #[test]
    fn ipythons_syntax_is_complete_where_ipython_runs_it() {
        for code in [
            "!ls",
            "f?",
            "?f",
            "x = !ls",
            "%time f(",
            "!ls\n!cd /",
            "await f()",
            "async with a: pass",
            "for a in b:\n    !ls\n    ",
            "x = 1\nx??",
        ] {
            check(code, IsCompleteReply::new(Completeness::Complete));
        }
    }

    #[test]
    fn ipythons_syntax_may_be_part_of_what_is_incomplete_or_invalid() {
        check("!ls \\", IsCompleteReply::incomplete(""));
        check("for a in b:\n    !ls", IsCompleteReply::incomplete("    "));
        check("f?\nif x:", IsCompleteReply::incomplete("    "));
        check("x = (!ls", IsCompleteReply::incomplete(""));
        check("'''\n!ls", IsCompleteReply::incomplete(""));
        check("async def f():\n    await g()", IsCompleteReply::incomplete("    "));
        check("f?\nx =", IsCompleteReply::new(Completeness::Invalid));
        check("if x: !ls", IsCompleteReply::new(Completeness::Invalid));
        check("x == !ls", IsCompleteReply::new(Completeness::Invalid));
    }

    #[test]
    fn wrong_code_is_invalid() {
        check("1 +* 2\nx = 3", IsCompleteReply::new(Completeness::Invalid));
        check("def broken(:", IsCompleteReply::new(Completeness::Invalid));
        check("import = 7q", IsCompleteReply::new(Completeness::Invalid));
        check("print(1))", IsCompleteReply::new(Completeness::Invalid));
        check("a.b.", IsCompleteReply::new(Completeness::Invalid));
        check("1 if x else", IsCompleteReply::new(Completeness::Invalid));
        check("x = 1 +", IsCompleteReply::new(Completeness::Invalid));
        check("x = 'abc", IsCompleteReply::new(Completeness::Invalid));
    }
}
