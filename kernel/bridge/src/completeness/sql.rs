//! SQL, by the Spark dialect of a parser that knows less than Spark does.

use jupyter_wire::content::{Completeness, IsCompleteReply};
use sqlparser::{
    dialect::{DatabricksDialect, SparkSqlDialect},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError},
};

use super::{indent_after, reading::reply};

/// The Spark dialect without its one fault: a backslash escapes in Spark's strings, too.
pub const TOKENS: DatabricksDialect = DatabricksDialect {};

/// The parser's tree is as deep as a sum is long, and freeing it goes as deep. Nobody types so much.
const MOST_TOKENS: usize = 4000;

/// Judges code.
pub fn completeness(code: &str) -> IsCompleteReply {
    let status = match Tokenizer::new(&TOKENS, code).tokenize_with_location() {
        Ok(tokens) => judge(tokens, ends_in_a_blank_line(code)),
        Err(error) if is_open(&error) => Completeness::Incomplete,
        Err(_) => Completeness::Invalid,
    };
    reply(status, || indent_after(code, &["("], "  "))
}

fn judge(tokens: Vec<TokenWithSpan>, ended: bool) -> Completeness {
    let brackets = brackets(&tokens);
    if brackets != Completeness::Complete {
        return brackets;
    }
    if tokens.len() > MOST_TOKENS {
        return Completeness::Unknown;
    }
    let is_query = matches!(first_word(&tokens), Some(Keyword::SELECT | Keyword::WITH));
    let parsed = Parser::new(&SparkSqlDialect {}).with_tokens_with_locations(tokens);
    match { parsed }.parse_statements() {
        Ok(_) => Completeness::Complete,
        // A blank line ends what only Spark may understand.
        Err(_) if ended => Completeness::Complete,
        Err(ParserError::ParserError(why)) if why.ends_with("found: EOF") => {
            Completeness::Incomplete
        }
        Err(ParserError::ParserError(_)) if is_query => Completeness::Invalid,
        // Spark has statements that this parser has not: it is Spark's to say.
        Err(_) => Completeness::Unknown,
    }
}

/// A string, a name or a comment that has begun and not ended.
fn is_open(error: &TokenizerError) -> bool {
    ["Unterminated", "Unexpected EOF", "before EOF"].iter().any(|why| error.message.contains(why))
}

/// Brackets, and `CASE … END`: incomplete where one is open, invalid where one closes nothing.
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
    match open.is_empty() && cases(tokens) {
        true => Completeness::Complete,
        false => Completeness::Incomplete,
    }
}

/// Whether each `CASE` has its `END`.
fn cases(tokens: &[TokenWithSpan]) -> bool {
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

    #[track_caller]
    fn check(expected: Completeness, codes: &[&str]) {
        for code in codes {
            assert_eq!(completeness(code).status, expected, "{code:?}");
        }
    }

    #[test]
    fn whole_statements_are_complete() {
        check(
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
        check(
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
    fn what_nothing_can_mend_is_invalid() {
        check(Completeness::Invalid, &["select 1)", "select * frm t x y", "select (1]"]);
    }

    #[test]
    fn what_only_spark_may_know_is_unknown() {
        check(Completeness::Unknown, &["describe table t", "refresh table t", "selec 1"]);
    }

    #[test]
    fn however_long_and_deep_it_is_it_is_judged() {
        let nested = format!("select {}1{}", "(".repeat(900), ")".repeat(900));
        check(Completeness::Unknown, &[&nested]);
        check(Completeness::Complete, &[&format!("select 1{}", "+1".repeat(1900))]);
        for long in ["+1", " union select 1", "-(1)", " and not 1"] {
            check(Completeness::Unknown, &[&format!("select 1{}", long.repeat(50_000))]);
        }
    }

    #[test]
    fn a_blank_line_ends_a_statement() {
        check(Completeness::Complete, &["select * from t where\n", "select * from t where\n  "]);
        check(Completeness::Incomplete, &["select 'a\n", "select (1\n"]);
    }
}
