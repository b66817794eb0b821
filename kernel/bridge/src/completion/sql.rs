//! Decides what completion can offer at a place in a SQL cell, from the cell's text alone. Pure.

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, Tokenizer, Whitespace, Word},
};

use crate::language::{completeness::SQL_TOKENS, cursor::Cursor};

/// The keywords that completion offers: those of common statements.
const KEYWORDS: &str = "
    ALL ALTER ANALYZE AND ANTI AS ASC BETWEEN BY CACHE CASE CAST CLUSTER COLUMNS CREATE CROSS
    CUBE DATABASE DATABASES DELETE DESC DESCRIBE DISTINCT DISTRIBUTE DROP ELSE END EXCEPT
    EXISTS EXPLAIN EXTENDED FALSE FROM FULL FUNCTION FUNCTIONS GROUP HAVING IF ILIKE IN INNER
    INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT MERGE MINUS NOT NULL OFFSET
    ON OR ORDER OUTER OVER OVERWRITE PARTITION PARTITIONED PIVOT REFRESH REPLACE RIGHT RLIKE
    ROLLUP ROWS SELECT SEMI SET SHOW SORT TABLE TABLES TABLESAMPLE TEMPORARY THEN TRUE
    TRUNCATE UNCACHE UNION UPDATE USE USING VALUES VIEW VIEWS WHEN WHERE WINDOW WITH
";

/// The kind of name that fits at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing, since the cursor is in a string or a comment.
    Nothing,
    /// The names of tables and databases.
    Tables,
    /// What belongs to the name before the dot: columns of a table, or tables of a database.
    MemberOf(Name),
    /// Keywords, functions, and the columns of the cell's tables.
    Anything,
}

/// A name with its qualifiers before it, such as `database`, `table`.
pub type Name = Vec<String>;

/// A table in a cell.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedTable {
    /// The name in the catalog.
    pub table: Name,
    /// The name in the cell, if the cell gives it another.
    pub alias: Option<String>,
}

impl NamedTable {
    /// Whether a name in the cell means this table.
    pub fn is_called(&self, name: &[String]) -> bool {
        match (&self.alias, name) {
            (Some(alias), [only]) => alias.eq_ignore_ascii_case(only),
            (None, [only]) => self.table.last().is_some_and(|last| last.eq_ignore_ascii_case(only)),
            _ => self.table == name,
        }
    }
}

/// Decides what fits at the cursor.
pub fn wanted(cursor: &Cursor<'_>) -> Wanted {
    let (before, _) = cursor.around_the_word();
    let Some(tokens) = tokens(before) else { return Wanted::Nothing };
    match tokens.last() {
        Some(Token::Period) => Wanted::MemberOf(name_before(&tokens[..tokens.len() - 1])),
        Some(Token::Word(word)) if begins_tables(word.keyword) => Wanted::Tables,
        Some(Token::Comma) if clause(&tokens) == Some(Keyword::FROM) => Wanted::Tables,
        _ => Wanted::Anything,
    }
}

/// The name at the cursor, and whether a bracket follows it as it does a function.
pub fn name_at(cursor: &Cursor<'_>) -> Option<(Name, bool)> {
    let (before, after) = cursor.around_the_word();
    let mut name = match tokens(before)?.as_slice() {
        [head @ .., Token::Period] => name_before(head),
        _ => Vec::new(),
    };
    name.push(cursor.whole_word());
    name.iter().all(|part| !part.is_empty()).then(|| (name, after.trim_start().starts_with('(')))
}

/// All tables in the code.
pub fn tables(code: &str) -> Vec<NamedTable> {
    let tokens = tokens(code).unwrap_or_default();
    let begins = |token: &Token| match token {
        Token::Word(word) => begins_tables(word.keyword),
        _ => false,
    };
    let starts = tokens.iter().enumerate().filter(|(_, token)| begins(token));
    starts.flat_map(|(at, _)| table_list(&tokens[at + 1..])).collect()
}

/// The keywords that begin with `prefix`, in its case.
pub fn keywords(prefix: &str) -> impl Iterator<Item = String> {
    let (lower, prefix) = (prefix.chars().any(char::is_lowercase), prefix.to_uppercase());
    let fitting = KEYWORDS.split_whitespace().filter(move |word| word.starts_with(&prefix));
    fitting.map(move |word| if lower { word.to_lowercase() } else { word.to_owned() })
}

/// Quotes a name for use in a statement.
pub fn quoted(name: &[String]) -> String {
    let parts: Vec<String> =
        name.iter().map(|part| format!("`{}`", part.replace('`', "``"))).collect();
    parts.join(".")
}

fn begins_tables(keyword: Keyword) -> bool {
    use Keyword::{DESC, DESCRIBE, FROM, INTO, JOIN, TABLE, UPDATE, USING, VIEW};
    matches!(keyword, FROM | JOIN | INTO | TABLE | DESCRIBE | DESC | UPDATE | USING | VIEW)
}

/// The keyword of the clause that is open at the end of the tokens.
fn clause(tokens: &[Token]) -> Option<Keyword> {
    use Keyword::{FROM, GROUP, HAVING, ON, ORDER, SELECT, VALUES, WHERE};
    tokens.iter().rev().find_map(|token| match token {
        Token::Word(Word { keyword, .. }) => {
            let keywords = [SELECT, FROM, WHERE, GROUP, HAVING, ORDER, ON, VALUES];
            keywords.contains(keyword).then_some(*keyword)
        }
        _ => None,
    })
}

/// Reads tables with their aliases, separated by commas.
fn table_list(mut tokens: &[Token]) -> Vec<NamedTable> {
    let mut found = Vec::new();
    while let Some((named, rest)) = table_with_alias(tokens) {
        found.push(named);
        match rest {
            [Token::Comma, rest @ ..] => tokens = rest,
            _ => break,
        }
    }
    found
}

fn table_with_alias(tokens: &[Token]) -> Option<(NamedTable, &[Token])> {
    let [Token::Word(first), rest @ ..] = tokens else { return None };
    let mut rest = rest;
    let mut table = vec![first.value.clone()];
    while let [Token::Period, Token::Word(part), after @ ..] = rest {
        table.push(part.value.clone());
        rest = after;
    }
    if let [Token::Word(Word { keyword: Keyword::AS, .. }), after @ ..] = rest {
        rest = after;
    }
    match rest {
        [Token::Word(word), after @ ..] if word.keyword == Keyword::NoKeyword => {
            Some((NamedTable { table, alias: Some(word.value.clone()) }, after))
        }
        _ => Some((NamedTable { table, alias: None }, rest)),
    }
}

fn name_before(tokens: &[Token]) -> Name {
    let mut name = match tokens {
        [head @ .., Token::Period, Token::Word(_)] => name_before(head),
        _ => Vec::new(),
    };
    if let Some(Token::Word(word)) = tokens.last() {
        name.push(word.value.clone());
    }
    name
}

/// The tokens without blanks and comments; `None` if the text ends in a string or a comment.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let tokens = Tokenizer::new(&SQL_TOKENS, text).tokenize().ok()?;
    let in_comment = matches!(
        tokens.last(),
        Some(Token::Whitespace(Whitespace::SingleLineComment { comment, .. }))
            if !comment.ends_with('\n')
    );
    (!in_comment).then(|| {
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(code: &str) -> Cursor<'_> {
        let (before, after) = code.split_once('|').unwrap();
        Cursor { before, after }
    }

    fn name(dotted: &str) -> Name {
        dotted.split('.').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(code: &str, expected: Wanted) {
        let before = code.split('|').next().unwrap();
        assert_eq!(wanted(&Cursor { before, after: "" }), expected, "{code}");
    }

    #[test]
    fn tables_follow_from_and_its_like() {
        check("select * from |", Wanted::Tables);
        check("select * from pe|", Wanted::Tables);
        check("select * from a, b|", Wanted::Tables);
        check("select * from a join |", Wanted::Tables);
        check("DESCRIBE |", Wanted::Tables);
        check("select a, b|", Wanted::Anything);
        check("select a from t where a|", Wanted::Anything);
        check("|", Wanted::Anything);
    }

    #[test]
    fn after_a_dot_come_members() {
        check("select p.| from people p", Wanted::MemberOf(name("p")));
        check("select * from db.pe|", Wanted::MemberOf(name("db")));
        check("select db.people.na|", Wanted::MemberOf(name("db.people")));
        check("select `größe 1`.|", Wanted::MemberOf(name("größe 1")));
        check("select 1.|", Wanted::Anything);
    }

    #[test]
    fn nothing_fits_in_strings_and_comments() {
        check("select 'from |", Wanted::Nothing);
        check("-- from |", Wanted::Nothing);
        check("/* from |", Wanted::Nothing);
        check("-- note\nselect * from |", Wanted::Tables);
    }

    #[test]
    fn the_tables_of_a_cell_are_found_with_their_aliases() {
        let found = tables("select * from db.a AS x, b y join `c d` on x.i = y.i where 1");
        let found: Vec<_> = found.iter().map(|n| (n.table.join("."), n.alias.as_deref())).collect();
        let expected = [("db.a", Some("x")), ("b", Some("y")), ("c d", None)];
        assert_eq!(found, expected.map(|(table, alias)| (table.to_owned(), alias)));
        assert!(tables("select 1 from (select 2)").is_empty() && tables("'").is_empty());
    }

    #[test]
    fn a_table_is_meant_by_its_alias_or_else_its_name() {
        let [aliased, plain] = &tables("select 1 from db.a x, db.b")[..] else { panic!() };
        assert!(aliased.is_called(&name("X")) && !aliased.is_called(&name("a")));
        assert!(
            plain.is_called(&name("b"))
                && plain.is_called(&name("db.b"))
                && !plain.is_called(&name("c.b"))
        );
    }

    #[test]
    fn the_name_at_the_cursor_is_whole() {
        assert_eq!(name_at(&at("select up|per(x)")), Some((name("upper"), true)));
        assert_eq!(name_at(&at("select p.na|me from p")), Some((name("p.name"), false)));
        assert_eq!(name_at(&at("select | from p")), None);
    }

    #[test]
    fn keywords_have_the_case_of_their_prefix() {
        assert_eq!(keywords("sel").collect::<Vec<_>>(), ["select"]);
        assert_eq!(keywords("SEL").collect::<Vec<_>>(), ["SELECT"]);
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted(&["a".to_owned(), "b`c".to_owned()]), "`a`.`b``c`");
    }
}
