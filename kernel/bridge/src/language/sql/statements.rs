//! Splits a SQL cell into statements, and finds the variables in them. Pure.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};

use crate::language::{completeness::SQL_TOKENS, sql::options::variable};

/// A SQL statement as its parts, which alternate: text, the name of a variable, text, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement(pub Vec<String>);

impl Statement {
    /// Whether the statement has variables.
    pub fn has_variables(&self) -> bool {
        self.0.len() > 1
    }

    /// The statement as the user wrote it.
    pub fn text(&self) -> String {
        let part = |(at, part): (usize, &String)| match at % 2 {
            0 => part.clone(),
            _ => format!("{{{part}}}"),
        };
        self.0.iter().enumerate().map(part).collect()
    }
}

/// Splits a cell at its semicolons, and leaves out what is only blank or a comment. A cell that the
/// tokenizer cannot read is one statement, which Spark then judges.
pub fn split(code: &str) -> Vec<Statement> {
    let Ok(tokens) = Tokenizer::new(&SQL_TOKENS, code).tokenize_with_location() else {
        return vec![Statement(vec![code.trim().to_owned()])];
    };
    let tokens = locate(code, tokens);
    let is_script = meaningful(&tokens).next().is_some_and(|(token, ..)| is(token, Keyword::BEGIN));
    let ends = |(token, ..): &(Token, usize, usize)| !is_script && *token == Token::SemiColon;
    let statements = tokens.split(ends).filter(|tokens| meaningful(tokens).next().is_some());
    statements.map(|tokens| statement(code, tokens)).collect()
}

type Located = (Token, usize, usize);

/// Adds to each token its range in bytes.
fn locate(code: &str, tokens: Vec<TokenWithSpan>) -> Vec<Located> {
    let mut position = Position { code, at: 0, line: 1, column: 1 };
    let mut found = Vec::with_capacity(tokens.len());
    for token in tokens {
        let start = position.move_to(token.span.start);
        found.push((token.token, start, position.move_to(token.span.end)));
    }
    found
}

/// A position that moves through the code, in bytes and as the tokenizer counts.
struct Position<'c> {
    code: &'c str,
    at: usize,
    line: u64,
    column: u64,
}

impl Position<'_> {
    fn move_to(&mut self, to: Location) -> usize {
        for c in self.code[self.at..].chars() {
            if (self.line, self.column) >= (to.line, to.column) {
                break;
            }
            self.at += c.len_utf8();
            match c {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                _ => self.column += 1,
            }
        }
        self.at
    }
}

/// The tokens that are neither blank nor comment.
fn meaningful(tokens: &[Located]) -> impl Iterator<Item = &Located> {
    tokens.iter().filter(|(token, ..)| !matches!(token, Token::Whitespace(_) | Token::EOF))
}

fn is(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

fn statement(code: &str, tokens: &[Located]) -> Statement {
    let (Some(first), Some(last)) = (meaningful(tokens).next(), meaningful(tokens).last()) else {
        return Statement(vec![String::new()]);
    };
    // Comments above a statement stay with it.
    let (_, from, _) = tokens.first().unwrap_or(first);
    let (mut start, mut parts) = (*from, Vec::new());
    for (at, (_, brace, _)) in tokens.iter().enumerate() {
        if let Some((name, end)) = variable_at(code, &tokens[at..]) {
            parts.extend([code[start..*brace].to_owned(), name]);
            start = end;
        }
    }
    parts.push(code[start..last.2.max(start)].to_owned());
    if let Some(begin) = parts.first_mut() {
        *begin = begin.trim_start().to_owned();
    }
    Statement(parts)
}

/// The name in `{name}`, but not in Spark's own `${name}`, and where the braces end.
fn variable_at(code: &str, tokens: &[Located]) -> Option<(String, usize)> {
    let (Token::LBrace, start, begin) = tokens.first()? else { return None };
    let (_, end, behind) = tokens.iter().find(|(token, ..)| *token == Token::RBrace)?;
    let name = variable(&code[*begin..*end]).ok()?;
    (!code[..*start].ends_with('$')).then_some((name, *behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &[&[&str]]) {
        let found: Vec<Vec<String>> = split(code).into_iter().map(|s| s.0).collect();
        assert_eq!(found, expected, "{code:?}");
    }

    #[test]
    fn semicolons_outside_of_text_end_statements() {
        check("select 1", &[&["select 1"]]);
        check("select 1;\n select 2 ; ", &[&["select 1"], &["select 2"]]);
        check(
            "select ';', \";\", `;` -- ;\n; select /* ; */ 2",
            &[&["select ';', \";\", `;`"], &["select /* ; */ 2"]],
        );
        check("select 'it\\'s;'; select 2", &[&["select 'it\\'s;'"], &["select 2"]]);
        check("select 'é日';select '𨭎' as x", &[&["select 'é日'"], &["select '𨭎' as x"]]);
        check("begin select 1; select 2; end", &[&["begin select 1; select 2; end"]]);
    }

    #[test]
    fn a_comment_alone_is_no_statement() {
        check("", &[]);
        check(" ;; \n-- nothing\n/* at all */;", &[]);
        check("-- about it\nselect 1", &[&["-- about it\nselect 1"]]);
    }

    #[test]
    fn braces_around_a_name_are_a_variable_outside_of_text() {
        check("select {a}, { b }+1", &[&["select ", "a", ", { b }+1"]]);
        check(
            "select {größe} from {t};select {x}{y}",
            &[&["select ", "größe", " from ", "t", ""], &["select ", "x", "", "y", ""]],
        );
        check("select '{a}', ${b}, `{c}` -- {d}", &[&["select '{a}', ${b}, `{c}`"]]);
    }

    #[test]
    fn text_without_an_end_is_left_to_spark() {
        check("select 'a; select 2", &[&["select 'a; select 2"]]);
    }
}
