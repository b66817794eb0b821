//! Scala's tokens, as far as the ends of statements depend on them.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or a keyword, also a name in backticks.
    Word,
    /// A name of signs, such as `+`, or a reserved sign, such as `=>`.
    Operator,
    /// A number, a text, a character, a symbol or XML.
    Literal,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// `.`, `,` or `;`.
    Separator,
    /// A text, a character or a name in backticks that its line does not close.
    Unclosed,
    /// A line that Livy runs by itself, such as `%json x`.
    Magic,
}

/// A token, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Token<'c> {
    /// What it is.
    pub kind: TokenKind,
    /// As it is written.
    pub text: &'c str,
    /// Where it begins, in bytes.
    pub start: usize,
    /// How many brackets are open around it.
    pub depth: usize,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of code. Code with faults has tokens, too.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(code);
    lexer.read_to(None);
    lexer.tokens
}

/// Where the line ends in which comments and space begin, in bytes, if it ends outside of a comment.
pub fn end_of_line(gap: &str) -> Option<usize> {
    let mut lexer = Lexer::new(gap);
    while let Some(c) = lexer.peek() {
        if c == '\n' {
            return Some(lexer.at + 1);
        }
        lexer.read(c);
    }
    None
}

struct Lexer<'c> {
    code: &'c str,
    at: usize,
    depth: usize,
    tokens: Vec<Token<'c>>,
}

impl<'c> Lexer<'c> {
    fn new(code: &'c str) -> Self {
        Self { code, at: 0, depth: 0, tokens: Vec::new() }
    }

    fn rest(&self) -> &'c str {
        &self.code[self.at..]
    }

    fn begins(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.code.len());
    }

    /// Skips the characters for which this is true.
    fn skip_while(&mut self, belongs: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    }

    /// Skips to the end of this text, or of the code.
    fn skip_past(&mut self, end: &str) {
        let rest = self.rest();
        self.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let text = &self.code[start..self.at];
        self.tokens.push(Token { kind, text, start, depth: self.depth });
    }

    /// Reads the code, or the code within a text, which ends at the bracket that closes this depth.
    fn read_to(&mut self, end: Option<usize>) {
        while let Some(c) = self.peek() {
            if c == '}' && end == Some(self.depth) {
                return;
            }
            self.read(c);
        }
    }

    fn read(&mut self, c: char) {
        let start = self.at;
        match c {
            _ if c.is_whitespace() => return self.skip(c.len_utf8()),
            '/' if self.begins("//") => return self.skip_while(|c| c != '\n'),
            '/' if self.begins("/*") => return self.skip_block_comment(),
            '(' | '[' | '{' => return self.open(),
            ')' | ']' | '}' => return self.close(),
            '"' => return self.text(start, false),
            '%' if self.is_magic() => {
                self.skip_while(|c| c != '\n');
                return self.push(TokenKind::Magic, start);
            }
            '<' if self.is_xml() => {
                self.skip_xml();
                return self.push(TokenKind::Literal, start);
            }
            _ if is_word_start(c) => return self.word(start),
            _ => {}
        }
        let kind = self.other(c);
        self.push(kind, start);
    }

    fn other(&mut self, c: char) -> TokenKind {
        match c {
            '`' => {
                self.skip(1);
                self.skip_while(|c| c != '`' && c != '\n');
                self.closed_by("`", TokenKind::Word)
            }
            '\'' => self.character_or_symbol(),
            '0'..='9' => {
                self.skip_number();
                TokenKind::Literal
            }
            _ if is_operator(c) => {
                self.skip_operator();
                TokenKind::Operator
            }
            _ => {
                self.skip(c.len_utf8());
                TokenKind::Separator
            }
        }
    }

    fn open(&mut self) {
        let start = self.at;
        self.skip(1);
        self.push(TokenKind::Open, start);
        self.depth += 1;
    }

    fn close(&mut self) {
        let start = self.at;
        self.skip(1);
        self.depth = self.depth.saturating_sub(1);
        self.push(TokenKind::Close, start);
    }

    /// Livy takes a line that begins with `%` for itself where a statement may begin.
    fn is_magic(&self) -> bool {
        let begins_line = self.at == 0 || self.code[..self.at].ends_with('\n');
        self.depth == 0 && begins_line && self.rest()[1..].starts_with(char::is_alphanumeric)
    }

    fn skip_block_comment(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                _ if self.begins("/*") => {
                    open += 1;
                    self.skip(2);
                }
                _ if self.begins("*/") => {
                    open -= 1;
                    self.skip(2);
                    if open == 0 {
                        return;
                    }
                }
                _ => self.skip(c.len_utf8()),
            }
        }
    }

    fn word(&mut self, start: usize) {
        self.skip_while(is_word);
        if self.code[start..self.at].ends_with('_') {
            self.skip_while(is_operator);
        }
        match self.begins("\"") {
            true => self.text(start, true),
            false => self.push(TokenKind::Word, start),
        }
    }

    /// Reads a text, whose interpolator begins at `start`, if it has one.
    fn text(&mut self, start: usize, interpolated: bool) {
        let is_raw = &self.code[start..self.at] == "raw";
        let quotes = if self.begins("\"\"\"") { "\"\"\"" } else { "\"" };
        self.skip(quotes.len());
        let mut kind = TokenKind::Unclosed;
        while let Some(c) = self.peek() {
            match c {
                '\n' if quotes.len() == 1 => break,
                '"' if self.begins(quotes) => {
                    kind = self.closed_by(quotes, TokenKind::Literal);
                    if quotes.len() > 1 {
                        // More quotes belong to the text, the last three end it.
                        self.skip_while(|c| c == '"');
                    }
                    break;
                }
                '\\' if quotes.len() == 1 && !is_raw => self.skip_escape(),
                '$' if interpolated => self.interpolation(),
                _ => self.skip(c.len_utf8()),
            }
        }
        self.push(kind, start);
    }

    fn skip_escape(&mut self) {
        self.skip(1);
        let next = self.peek().filter(|&c| c != '\n');
        self.skip(next.map_or(0, char::len_utf8));
    }

    fn interpolation(&mut self) {
        match self.begins("${") {
            true => {
                self.skip(1);
                self.block();
            }
            // `$$` is a dollar sign.
            false => self.skip(if self.begins("$$") { 2 } else { 1 }),
        }
    }

    /// Reads code within a literal, from its brace to the brace that closes it.
    fn block(&mut self) {
        self.skip(1);
        self.depth += 1;
        self.read_to(Some(self.depth));
        self.depth -= 1;
        self.skip(1);
    }

    fn character_or_symbol(&mut self) -> TokenKind {
        self.skip(1);
        let mut ahead = self.rest().chars();
        match (ahead.next(), ahead.next()) {
            (Some('\\'), _) => {
                self.skip_escape();
                self.skip_while(|c| c != '\'' && c != '\n');
                return self.closed_by("'", TokenKind::Literal);
            }
            (Some(c), Some('\'')) if c != '\n' => self.skip(c.len_utf8() + 1),
            (Some(c), _) if is_operator(c) => self.skip_operator(),
            _ => self.skip_while(is_word),
        }
        TokenKind::Literal
    }

    /// Skips the sign that closes a token of this kind, if it is there.
    fn closed_by(&mut self, sign: &str, kind: TokenKind) -> TokenKind {
        if !self.begins(sign) {
            return TokenKind::Unclosed;
        }
        self.skip(sign.len());
        kind
    }

    fn skip_number(&mut self) {
        self.skip_while(is_word);
        if self.begins(".") && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.skip(1);
            self.skip_while(is_word);
        }
    }

    fn skip_operator(&mut self) {
        while let Some(c) = self.peek().filter(|&c| is_operator(c)) {
            if self.begins("//") || self.begins("/*") {
                return;
            }
            self.skip(c.len_utf8());
        }
    }

    /// XML begins where a name follows the sign, and no operand stands directly before it.
    fn is_xml(&self) -> bool {
        let before = self.code[..self.at].chars().next_back();
        let begins = before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '{' | '>'));
        let rest = &self.rest()[1..];
        begins
            && (rest.starts_with(|c: char| c.is_alphabetic() || c == '_')
                || rest.starts_with("!--"))
    }

    /// Skips XML to the end of its outermost element.
    fn skip_xml(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                _ if self.begins("<!--") => self.skip_past("-->"),
                _ if self.begins("<![CDATA[") => self.skip_past("]]>"),
                '<' => match self.skip_tag() {
                    Tag::Start => open += 1,
                    Tag::End => open = open.saturating_sub(1),
                    Tag::Empty => {}
                },
                '{' if self.begins("{{") => self.skip(2),
                '{' => self.block(),
                _ => self.skip(c.len_utf8()),
            }
            if open == 0 {
                return;
            }
        }
    }

    fn skip_tag(&mut self) -> Tag {
        let is_end = self.begins("</");
        self.skip(1);
        while let Some(c) = self.peek() {
            match c {
                '/' if self.begins("/>") => {
                    self.skip(2);
                    return Tag::Empty;
                }
                '>' => {
                    self.skip(1);
                    return if is_end { Tag::End } else { Tag::Start };
                }
                '"' | '\'' => {
                    self.skip(1);
                    self.skip_past(if c == '"' { "\"" } else { "'" });
                }
                '{' => self.block(),
                _ => self.skip(c.len_utf8()),
            }
        }
        Tag::End
    }
}

enum Tag {
    Start,
    End,
    Empty,
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_word(c: char) -> bool {
    is_word_start(c) || c.is_numeric()
}

fn is_operator(c: char) -> bool {
    match c.is_ascii() {
        true => "!#%&*+-/:<=>?@\\^|~".contains(c),
        // Scala's names of signs are those of Unicode's symbols: mathematical ones and others.
        false => !c.is_alphanumeric() && !c.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(code: &str) -> Vec<&str> {
        tokens(code).iter().filter(|token| token.depth == 0).map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_space_are_no_tokens() {
        assert_eq!(texts("a // b \" {\n/* c /* d */ \" } */ e"), ["a", "e"]);
        assert_eq!(texts("a+/* b */c //"), ["a", "+", "c"]);
        assert!(texts("/* open /* and */").is_empty());
    }

    #[test]
    fn a_text_is_one_token_whatever_it_contains() {
        for text in [
            r#""a // b""#,
            r#""a \" { b""#,
            r#""\\""#,
            "\"\"\"a \" b \"\" {\n  .c // d\"\"\"",
            "\"\"\"quoted\"\"\"\"\"",
            r#"s"a ${f("}")} $b $$""#,
            r#"s"a ${ s"b ${c + "}"} {" } ""#,
            "s\"\"\"a ${x match {\n case 1 => \"}\"\n}} \"\n  .b\"\"\"",
            r#"raw"C:\""#,
            "'a'",
            r"'\''",
            r"'\u0041'",
            "'\"'",
            "'symbol",
            "`a \" b`",
            "<a href=\"x > y\">it's {f(\"}\")} // <b/> \"</a>",
            "<a>\n  .b\n</a>",
            "1.5e3",
            "0xFFL",
        ] {
            assert_eq!(texts(&format!("{text}; b")), [text, ";", "b"], "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_closed_ends_with_its_line() {
        assert_eq!(texts("\"a\nb"), ["\"a", "b"]);
        assert_eq!(texts("`a\nb"), ["`a", "b"]);
    }

    #[test]
    fn a_less_than_is_no_xml() {
        assert_eq!(texts("a < b"), ["a", "<", "b"]);
        assert_eq!(texts("a <- b"), ["a", "<-", "b"]);
        assert_eq!(texts("A[T <: B]"), ["A", "[", "]"]);
        assert_eq!(texts("a<b"), ["a", "<", "b"]);
    }

    #[test]
    fn what_is_in_brackets_is_deeper() {
        let code = "f(a, { b }).c";
        let depths: Vec<_> = tokens(code).iter().map(|token| (token.text, token.depth)).collect();
        assert_eq!(
            depths,
            [
                ("f", 0),
                ("(", 0),
                ("a", 1),
                (",", 1),
                ("{", 1),
                ("b", 2),
                ("}", 1),
                (")", 0),
                (".", 0),
                ("c", 0)
            ]
        );
    }

    #[test]
    fn names_within_a_text_are_tokens_too() {
        let names: Vec<_> = tokens("s\"a ${b.c}\"").iter().map(|token| token.text).collect();
        assert_eq!(names, ["b", ".", "c", "s\"a ${b.c}\""]);
    }

    #[test]
    fn a_magic_is_its_line() {
        assert_eq!(texts("%json it's\nb % c"), ["%json it's", "b", "%", "c"]);
    }
}
