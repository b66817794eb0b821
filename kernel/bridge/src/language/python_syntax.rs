//! Answers questions about Python code by a grammar of the language.

use std::collections::BTreeSet;

use tree_sitter::{Node, Parser, Tree};

/// Functions that print and return nothing, as far as a name can tell.
const PRINTING_FUNCTIONS: [&str; 9] =
    ["print", "display", "help", "show", "printSchema", "explain", "info", "pprint", "setLogLevel"];

/// Whether the last statement has a value, as `1 + 1` does and `x = 1` or `print(1)` do not.
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

/// Whether the code is valid Python.
pub fn is_valid(code: &str) -> bool {
    parse(code).is_some_and(|tree| !tree.root_node().has_error())
}

/// The names that the code uses or sets; those of attributes and of keyword arguments are no names of variables. Code
/// on the line of a magic counts.
pub fn names(code: &str) -> BTreeSet<String> {
    let code: String = code.lines().map(|line| without_magic(line) + "\n").collect();
    let mut names = BTreeSet::new();
    if let Some(tree) = parse(&code) {
        add_names(tree.root_node(), &code, &mut names);
    }
    names
}

/// The line, with blanks in place of `%time` or `!`.
fn without_magic(line: &str) -> String {
    let code = line.trim_start();
    match code.starts_with(['%', '!']) {
        true => code
            .split_once(char::is_whitespace)
            .map_or("", |(_, code)| code.trim_start())
            .to_owned(),
        false => line.to_owned(),
    }
}

fn add_names(node: Node<'_>, code: &str, names: &mut BTreeSet<String>) {
    if node.kind() == "identifier" {
        names.extend(code.get(node.byte_range()).map(str::to_owned));
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        let is = |field| node.child_by_field_name(field) == Some(child);
        let is_other = node.kind() == "attribute" && is("attribute")
            || node.kind() == "keyword_argument" && is("name");
        if !is_other {
            add_names(child, code, names);
        }
    }
}

fn parse(code: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(code, None)
}

/// The last statement of the code, comments aside.
pub fn last_statement(tree: &Tree) -> Option<Node<'_>> {
    let root = tree.root_node();
    let mut cursor = root.walk();
    root.named_children(&mut cursor).filter(|node| node.kind() != "comment").last()
}

fn is_value(expression: Node<'_>, code: &str) -> bool {
    match expression.kind() {
        "assignment" | "augmented_assignment" | "yield" => false,
        "call" => {
            !called_name(expression, code).is_some_and(|name| PRINTING_FUNCTIONS.contains(&name))
        }
        _ => true,
    }
}

fn called_name<'c>(call: Node<'_>, code: &'c str) -> Option<&'c str> {
    let function = call.child_by_field_name("function")?;
    let name = function.child_by_field_name("attribute").unwrap_or(function);
    code.get(name.byte_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_are_variables() {
        let code = "%%time\n%timeit -n 2 a.b.sum()\nc = f'{d:.2f} e'  # g\nh(i=j)\nfor k in 'l': m[n]\nx = (";
        let names: Vec<String> = names(code).into_iter().collect();
        assert_eq!(names, ["a", "c", "d", "h", "j", "k", "m", "n", "x"]);
    }

    #[test]
    fn an_expression_at_the_end_is_a_value() {
        for code in
            ["1 + 1", "x = 1\nx", "print(1); 42", "df.count()", "[i for i in y]  # all", "'é'"]
        {
            assert!(ends_in_a_value(code), "{code}");
        }
    }

    #[test]
    fn statements_and_printing_calls_have_no_value() {
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
}
