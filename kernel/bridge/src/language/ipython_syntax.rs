//! Finds IPython's syntax in Python: `!ls`, `%time f()`, `x = !ls`, `f?`.

/// Code with `pass` in place of each statement in IPython's syntax, so that a grammar of Python can read it.
pub fn without(code: &str) -> String {
    let (mut scanner, mut kept) = (Scanner::default(), Vec::new());
    let mut lines = code.split('\n');
    while let Some(line) = lines.next() {
        if !scanner.begins_statement() || !is_ipython(line) {
            scanner.read(line);
            kept.push(line.to_owned());
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        kept.push(format!("{}pass", &line[..indent]));
        let mut last = line;
        while last.ends_with('\\')
            && let Some(continued) = lines.next()
        {
            last = continued;
            kept.push(String::new());
        }
    }
    kept.join("\n")
}

/// The lines that begin a statement: none within a string or brackets.
pub fn statement_lines(code: &str) -> impl Iterator<Item = &str> {
    let mut scanner = Scanner::default();
    code.split('\n').filter(move |line| {
        let begins = scanner.begins_statement();
        scanner.read(line);
        begins
    })
}

/// Whether a line that begins a statement has IPython's syntax.
fn is_ipython(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['%', '!', '?', ',', ';', '/']) || is_question(line) || is_assigned(line)
}

/// `f?` or `f??`.
fn is_question(line: &str) -> bool {
    let name = line.strip_suffix("??").or(line.strip_suffix('?'));
    name.is_some_and(|name| name.ends_with(|c: char| c.is_alphanumeric() || "_*]".contains(c)))
}

/// `x = !ls` or `x = %time f()`.
fn is_assigned(line: &str) -> bool {
    let is_target = |target: &str| {
        target.trim_end().ends_with(|c: char| c.is_alphanumeric() || "_])".contains(c))
    };
    line.split_once('=').is_some_and(|(target, value)| {
        value.trim_start().starts_with(['%', '!']) && is_target(target)
    })
}

/// Follows the strings and brackets of Python from line to line.
#[derive(Default)]
struct Scanner {
    /// The quotes that end the string which is open.
    quote: Option<String>,
    depth: usize,
    /// The last line ended in a backslash.
    is_continued: bool,
}

impl Scanner {
    /// Whether the next line begins a statement.
    fn begins_statement(&self) -> bool {
        self.quote.is_none() && self.depth == 0 && !self.is_continued
    }

    fn read(&mut self, line: &str) {
        self.is_continued = line.ends_with('\\');
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if c == '#' && self.quote.is_none() {
                self.is_continued = false;
                break;
            }
            rest = &rest[self.token_length(c, rest)..];
        }
        // A string of single quotes that is never closed is the user's error.
        if !self.is_continued {
            self.quote = self.quote.take().filter(|quote| quote.len() == 3);
        }
    }

    /// The length of the next token, which begins with this character.
    fn token_length(&mut self, c: char, rest: &str) -> usize {
        if c == '\\' {
            return rest.chars().take(2).map(char::len_utf8).sum();
        }
        match &self.quote {
            Some(quote) if rest.starts_with(quote.as_str()) => {
                return self.quote.take().map_or(0, |quote| quote.len());
            }
            Some(_) => {}
            None if matches!(c, '\'' | '"') => {
                let triple = c.to_string().repeat(3);
                let quote = if rest.starts_with(&triple) { triple } else { c.to_string() };
                return self.quote.insert(quote).len();
            }
            None if matches!(c, '(' | '[' | '{') => self.depth += 1,
            None if matches!(c, ')' | ']' | '}') => self.depth = self.depth.saturating_sub(1),
            None => {}
        }
        c.len_utf8()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &str) {
        assert_eq!(without(code), expected, "{code:?}");
    }

    #[test]
    fn statements_in_ipythons_syntax_become_pass() {
        for code in [
            "!ls",
            "!!ls",
            "%time f(",
            "f?",
            "f??",
            "?f",
            "a.b[0]?",
            "*int*?",
            "x = !ls",
            "x=%pwd",
            "a.b, c[1] = !ls",
            ",f a b",
            "/f a",
            ";f a",
        ] {
            check(code, "pass");
        }
        check("for a in b:\n    !ls {a}\nx", "for a in b:\n    pass\nx");
        check("!ls \\\n  -l \\\n  x\ny", "pass\n\n\ny");
    }

    #[test]
    fn pythons_own_statements_stay() {
        for code in [
            "x == !ls",
            "x != y",
            "if x: !ls",
            "f? # c",
            "x = (\n%y)",
            "'''\n!ls\n'''",
            "x = \\\n%y",
            "f(']',\n!ls",
            "\"a\\\"\" + '''\n%x",
            "# it's\nx",
            "{'é': '\\\\'",
            "x = '?'",
        ] {
            check(code, code);
        }
    }

    #[test]
    fn a_line_in_a_string_begins_no_statement() {
        let code = "x = \"\"\"\n%%sql\n\"\"\"\ny";
        assert_eq!(statement_lines(code).collect::<Vec<_>>(), ["x = \"\"\"", "y"]);
    }

    #[test]
    fn strings_and_brackets_end_where_python_ends_them() {
        check("f('''\n(''')\n!ls", "f('''\n(''')\npass");
        check("x = 'a\n!ls", "x = 'a\npass");
        check("# ( '''\n%who", "# ( '''\npass");
        check("x = ')(' + \"\\\"(\"\n!ls", "x = ')(' + \"\\\"(\"\npass");
    }
}
