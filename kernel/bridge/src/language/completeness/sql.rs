//! Judges SQL by the Spark dialect of a parser that knows fewer statements than Spark.

use jupyter_wire::content::{Completeness, IsCompleteReply};
use sqlparser::{
    dialect::{DatabricksDialect, SparkSqlDialect},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError},
};

use crate::language::completeness::reading::{indent_after, reply};

/// The dialect whose tokens are Spark's. The parser's own Spark dialect has one fault: it does not know
/// that a backslash escapes in strings.
pub const SQL_TOKENS: DatabricksDialect = DatabricksDialect {};

/// The longest code that is parsed. The parser's tree is as deep as a sum is long, and freeing it
/// recurses as deep.
const TOKEN_LIMIT: usize = 4000;

/// Judges code of SQL.
pub fn completeness(code: &str) -> IsCompleteReply {
    let status = match Tokenizer::new(&SQL_TOKENS, code).tokenize_with_location() {
        Ok(tokens) => judge_tokens(tokens, ends_in_a_blank_line(code)),
        Err(error) if is_open(&error) => Completeness::Incomplete,
        Err(_) => Completeness::Invalid,
    };
    reply(status, || indent_after(code, &["("], "  "))
}

fn judge_tokens(tokens: Vec<TokenWithSpan>, ended: bool) -> Completeness {
    let brackets = brackets(&tokens);
    if brackets != Completeness::Complete {
        return brackets;
    }
    if tokens.len() > TOKEN_LIMIT {
        return Completeness::Unknown;
    }
    let is_query = matches!(first_word(&tokens), Some(Keyword::SELECT | Keyword::WITH));
    let parsed = Parser::new(&SparkSqlDialect {}).with_tokens_with_locations(tokens);
    match { parsed }.parse_statements() {
        Ok(_) => Completeness::Complete,
        // A blank line ends a statement that only Spark may understand.
        Err(_) if ended => Completeness::Complete,
        Err(ParserError::ParserError(why)) if why.ends_with("found: EOF") => {
            Completeness::Incomplete
        }
        Err(ParserError::ParserError(_)) if is_query => Completeness::Invalid,
        // Spark has statements that this parser does not know.
        Err(_) => Completeness::Unknown,
    }
}

/// Whether the error is that a string, a name or a comment has no end.
fn is_open(error: &TokenizerError) -> bool {
    ["Unterminated", "Unexpected EOF", "before EOF"].iter().any(|why| error.message.contains(why))
}

/// Judges brackets and `CASE … END`: incomplete if one is open, invalid if one closes nothing.
fn brackets(tokens: &[TokenWithSpan]) -> Completeness {
    let mut open = Vec::new();
    for token in tokens {
        let closes = match &token.token {
            Token::LParen => Some(Token::RParen),
            Token::LBracket => Some(Token::RBracket),
            Token::LBrace => Some(Token::RBrace),
            _ => None,
        };
        match &token.token {
            Token::RParen | Token::RBracket | Token::RBrace => {
                if open.pop().as_ref() != Some(&token.token) {
                    return Completeness::Invalid;
                }
            }
            _ => open.extend(closes),
        }
    }
    match open.is_empty() && cases_have_ends(tokens) {
        true => Completeness::Complete,
        false => Completeness::Incomplete,
    }
}

/// Whether each `CASE` has its `END`.
fn cases_have_ends(tokens: &[TokenWithSpan]) -> bool {
    let count = |keyword| tokens.iter().filter(|token| word(token) == Some(keyword)).count();
    count(Keyword::CASE) <= count(Keyword::END)
}

fn word(token: &TokenWithSpan) -> Option<Keyword> {
    match &token.token {
        Token::Word(word) => Some(word.keyword),
        _ => None,
    }
}

fn first_word(tokens: &[TokenWithSpan]) -> Option<Keyword> {
    tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_))).and_then(word)
}

fn ends_in_a_blank_line(code: &str) -> bool {
    code.rsplit_once('\n').is_some_and(|(_, last)| last.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::completeness::tests::check_all;

    #[test]
    fn whole_statements_are_complete() {
        check_all(
            completeness,
            Completeness::Complete,
            &[
                "",
                "select 1",
                "select 1;",
                "-- x",
                "select 'it\\'s', \"a\", `b c` from `x`",
                "create temporary view v as select 1",
                "select * from t lateral view explode(x) y as z",
                "select case when a then b end from parquet.`/x`",
                "insert overwrite table t select * from s",
                "show tables",
                "select /* ) */ 1",
            ],
        );
    }

    #[test]
    fn the_beginning_of_a_statement_is_incomplete() {
        check_all(
            completeness,
            Completeness::Incomplete,
            &[
                "select",
                "select * from",
                "select * from t where",
                "with a as (select 1)",
                "select count(*) from t group by",
                "create or replace temp view v as",
                "select (1 + 2",
                "describe table (",
                "select case when a then b",
                "select 'abc",
                "select \"abc",
                "select `abc",
                "select 1 /* abc",
            ],
        );
    }

    #[test]
    fn code_that_more_code_cannot_mend_is_invalid() {
        check_all(
            completeness,
            Completeness::Invalid,
            &["select 1)", "select * frm t x y", "select (1]"],
        );
    }

    #[test]
    fn statements_that_only_spark_may_know_are_unknown() {
        check_all(
            completeness,
            Completeness::Unknown,
            &["describe table t", "refresh table t", "selec 1"],
        );
    }

    #[test]
    fn code_of_any_length_and_depth_is_judged() {
        let nested = format!("select {}1{}", "(".repeat(900), ")".repeat(900));
        check_all(completeness, Completeness::Unknown, &[&nested]);
        check_all(
            completeness,
            Completeness::Complete,
            &[&format!("select 1{}", "+1".repeat(1900))],
        );
        for long in ["+1", " union select 1", "-(1)", " and not 1"] {
            check_all(
                completeness,
                Completeness::Unknown,
                &[&format!("select 1{}", long.repeat(50_000))],
            );
        }
    }

    #[test]
    fn a_blank_line_ends_a_statement() {
        check_all(
            completeness,
            Completeness::Complete,
            &["select * from t where\n", "select * from t where\n  "],
        );
        check_all(completeness, Completeness::Incomplete, &["select 'a\n", "select (1\n"]);
    }
}
