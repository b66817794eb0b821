//! What must be known of Python code, by a real grammar.

use jupyter_wire::content::{Completeness, IsCompleteReply};
use tree_sitter::{Node, Parser, Tree};

/// Calls that print and return nothing, as far as a name can tell.
const PRINTERS: [&str; 9] =
    ["print", "display", "help", "show", "printSchema", "explain", "info", "pprint", "setLogLevel"];

/// Whether the last statement leaves a value, as `1 + 1` does and `x = 1` or `print(1)` do not.
pub fn ends_in_a_value(code: &str) -> bool {
    let Some(tree) = parse(code).filter(|tree| !tree.root_node().has_error()) else {
        return false;
    };
    let Some(statement) = last_statement(&tree) else {
        return false;
    };
    match (statement.kind(), statement.named_child(0)) {
        ("expression_statement", Some(expression)) => is_value(expression, code),
        _ => false,
    }
}

/// Judges code the way IPython does: a block goes on until a line ends it that is blank.
pub fn completeness(code: &str) -> IsCompleteReply {
    let Some(tree) = parse(code) else {
        return IsCompleteReply::new(Completeness::Unknown);
    };
    let root = tree.root_node();
    let incomplete = match root.has_error() {
        true => wants_more(root, code),
        false => ends_in_an_open_block(&tree, code),
    };
    match (incomplete, root.has_error()) {
        (true, _) => IsCompleteReply::incomplete(indent_after(code)),
        (false, true) => IsCompleteReply::new(Completeness::Invalid),
        (false, false) => IsCompleteReply::new(Completeness::Complete),
    }
}

fn parse(code: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(code, None)
}

fn last_statement(tree: &Tree) -> Option<Node<'_>> {
    let root = tree.root_node();
    let mut cursor = root.walk();
    root.named_children(&mut cursor).filter(|node| node.kind() != "comment").last()
}

fn is_value(expression: Node<'_>, code: &str) -> bool {
    match expression.kind() {
        "assignment" | "augmented_assignment" | "yield" => false,
        "call" => !called_name(expression, code).is_some_and(|name| PRINTERS.contains(&name)),
        _ => true,
    }
}

fn called_name<'c>(call: Node<'_>, code: &'c str) -> Option<&'c str> {
    let function = call.child_by_field_name("function")?;
    let name = function.child_by_field_name("attribute").unwrap_or(function);
    code.get(name.byte_range())
}

/// Whether code with an error could become valid by going on: a bracket, a triple quote or a block
/// is open at its end.
fn wants_more(root: Node<'_>, code: &str) -> bool {
    let end = code.trim_end();
    let mut open = Vec::new();
    for leaf in leaves(root) {
        match leaf.kind() {
            // The grammar made up what is missing, in the middle of the code.
            _ if leaf.is_missing() && leaf.start_byte() < end.len() => return false,
            _ if leaf.is_missing() => {}
            kind @ ("(" | "[" | "{" | "string_start") => open.push((kind, leaf.byte_range())),
            ")" | "]" | "}" | "string_end" if open.pop().is_none() => return false,
            _ => {}
        }
    }
    match open.pop() {
        Some(("string_start", quote)) => {
            ["\"\"\"", "'''"].iter().any(|triple| code[quote.clone()].ends_with(triple))
        }
        Some(_) => true,
        None => {
            end.ends_with([':', '\\'])
                || end.rsplit('\n').next().is_some_and(|line| line.starts_with('@'))
        }
    }
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
    let compound = last_statement(tree).is_some_and(|node| {
        let decorated = node.child_by_field_name("definition").unwrap_or(node);
        ["body", "consequence"].iter().any(|field| decorated.child_by_field_name(field).is_some())
    });
    let last_line = code.rsplit('\n').next().unwrap_or_default();
    let has_body = !code.trim_end().ends_with(':');
    compound && (!has_body || code.contains('\n') && !last_line.trim().is_empty())
}

fn indent_after(code: &str) -> String {
    let line = code.trim_end().rsplit('\n').next().unwrap_or_default();
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    match line.ends_with(':') {
        true => indent + "    ",
        false => indent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_at_the_end_is_a_value() {
        for code in
            ["1 + 1", "x = 1\nx", "print(1); 42", "df.count()", "[i for i in y]  # all", "'é'"]
        {
            assert!(ends_in_a_value(code), "{code}");
        }
    }

    #[test]
    fn statements_and_printing_calls_leave_no_value() {
        for code in [
            "x = 5",
            "print('x')",
            "df.show()",
            "for i in y: i",
            "import sys",
            "",
            "# x",
            "x += 1",
            "echo one",
            "def f(): 1",
        ] {
            assert!(!ends_in_a_value(code), "{code}");
        }
    }

    #[track_caller]
    fn check(code: &str, expected: IsCompleteReply) {
        let reply = completeness(code);
        assert_eq!((reply.status, reply.indent), (expected.status, expected.indent), "{code:?}");
    }

    #[test]
    fn whole_code_is_complete() {
        for code in [
            "1 + 1",
            "x = (1,\n 2)",
            "",
            "for i in y:\n    print(i)\n",
            "print('''a\nb''')",
            "if x: y",
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
    }

    #[test]
    fn wrong_code_is_invalid() {
        check("1 +* 2\nx = 3", IsCompleteReply::new(Completeness::Invalid));
        check("def broken(:", IsCompleteReply::new(Completeness::Invalid));
        check("import = 7q", IsCompleteReply::new(Completeness::Invalid));
        check("print(1))", IsCompleteReply::new(Completeness::Invalid));
        check("x = 'abc", IsCompleteReply::new(Completeness::Invalid));
    }
}
