//! The paths in a file's code.

use std::sync::LazyLock;

use regex::Regex;

/// A path in the code, such as `crate::a::b`, on the line where its last name stands.
pub struct CodePath {
    pub names: String,
    pub line: usize,
    pub is_reexport: bool,
}

/// Where a line stands.
enum Place {
    Code,
    /// Between `#[cfg(test)]` and its item.
    TestAttribute,
    TestItem,
}

/// Blanks comments and items that are compiled for tests only, and returns the names of test modules that
/// have files of their own.
pub fn without_tests_and_comments(text: &str) -> (String, Vec<String>) {
    let (mut code, mut tests, mut place) = (String::new(), Vec::new(), Place::Code);
    for line in text.lines() {
        place = match place {
            Place::Code if line == "#[cfg(test)]" => Place::TestAttribute,
            Place::Code => {
                code.push_str(line.split("//").next().unwrap_or_default());
                Place::Code
            }
            Place::TestAttribute if line.starts_with('#') => Place::TestAttribute,
            Place::TestAttribute if line.ends_with([';', '}']) => {
                let module = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
                tests.extend(module.map(str::to_owned));
                Place::Code
            }
            Place::TestItem if line == "}" => Place::Code,
            Place::TestAttribute | Place::TestItem => Place::TestItem,
        };
        code.push('\n');
    }
    (code, tests)
}

/// All paths in the code: the leaves of each `use`, and everything else with `::`.
pub fn paths_in(code: &str) -> Vec<CodePath> {
    static USE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^ *(pub(?:\([^)]*\))? )?use ([^;]*);").unwrap());
    static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\w+(::\w+)+").unwrap());
    let line_at = |byte: usize| code[..byte].matches('\n').count();
    let mut paths = Vec::new();
    for found in USE.captures_iter(code) {
        let (tree, is_reexport) = (found.get(2).unwrap(), found.get(1).is_some());
        for (names, offset) in leaves(tree.as_str()) {
            paths.push(CodePath { names, line: line_at(tree.start() + offset), is_reexport });
        }
    }
    let used: Vec<_> = USE.find_iter(code).map(|found| found.range()).collect();
    for found in PATH.find_iter(code) {
        if !used.iter().any(|range| range.contains(&found.start())) {
            let (names, line) = (found.as_str().to_owned(), line_at(found.start()));
            paths.push(CodePath { names, line, is_reexport: false });
        }
    }
    paths
}

/// The paths of a use tree such as `a::{b, c::{self, d}}`, and where in the text each one ends.
fn leaves(tree: &str) -> Vec<(String, usize)> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"as \w+|\w+|[{},*]").unwrap());
    let (mut found, mut outer, mut names) = (Vec::new(), Vec::new(), String::new());
    let mut last = None;
    for token in TOKEN.find_iter(tree) {
        match token.as_str() {
            "{" => {
                outer.push(names.clone());
                last = None;
            }
            sign @ ("}" | ",") => {
                found.extend(last.take().map(|at| (names.clone(), at)));
                names = if sign == "}" { outer.pop() } else { outer.last().cloned() }
                    .unwrap_or_default();
            }
            name if name.starts_with("as ") => {}
            name => {
                last = Some(token.start());
                if !matches!(name, "self" | "*") || names.is_empty() {
                    names = join(&names, name);
                }
            }
        }
    }
    found.extend(last.map(|at| (names, at)));
    found
}

/// A module and what follows it.
pub fn join(module: &str, rest: &str) -> String {
    [module, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
}

mod tests {
    use super::*;

    #[test]
    fn leaves_out_tests_and_comments() {
        let text =
            "a; // x::y\n#[cfg(test)]\nmod far;\nb;\n#[cfg(test)]\n#[x]\nmod tests {\n\";\n}\nc;\n";
        let (code, tests) = without_tests_and_comments(text);
        assert_eq!((code.as_str(), tests), ("a; \n\n\nb;\n\n\n\n\n\nc;\n", vec!["far".to_owned()]));
    }

    #[test]
    fn reads_nested_use_trees() {
        let tree = "crate::{\n    a::{self, B as C, d::*},\n    e,\n}";
        let found: Vec<_> = leaves(tree).into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, ["crate::a", "crate::a::B", "crate::a::d", "crate::e"]);
        let paths = paths_in("use x::{\n    y,\n    z,\n};\nfn f() { a::b(c) }\n");
        let found: Vec<_> = paths.iter().map(|path| (path.names.as_str(), path.line)).collect();
        assert_eq!(found, [("x::y", 1), ("x::z", 2), ("a::b", 4)]);
    }
}
