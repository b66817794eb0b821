//! What a statement defines.

use crate::language::scala::token::{Token, TokenKind};

/// The words that may stand before the word of a definition.
const MODIFIERS: [&str; 8] =
    ["abstract", "case", "final", "implicit", "override", "private", "protected", "sealed"];

/// A statement that defines something without running anything.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'t, 'c> {
    word: &'c str,
    name: &'c str,
    /// The parameters in brackets behind the name, of types and of values.
    parameters: &'t [Token<'c>],
}

impl<'t, 'c> Definition<'t, 'c> {
    /// Reads how a statement begins.
    pub fn of(statement: &'t [Token<'c>]) -> Option<Self> {
        let mut rest = Self::without_annotations(statement);
        while let [first, after @ ..] = rest
            && MODIFIERS.contains(&first.text)
        {
            rest = without_brackets(after, "[");
        }
        let [word, name, after @ ..] = rest else { return None };
        let body = without_brackets(without_brackets(after, "["), "(");
        let parameters = &after[..after.len() - body.len()];
        matches!(word.text, "class" | "trait" | "object" | "def" | "type" | "import")
            .then_some(Self { word: word.text, name: name.text, parameters })
    }

    /// The tokens behind the annotations, such as `@deprecated("x", "1")`.
    pub fn without_annotations(tokens: &'t [Token<'c>]) -> &'t [Token<'c>] {
        let mut rest = tokens;
        while let [sign, _name, after @ ..] = rest
            && sign.text == "@"
        {
            rest = after;
            while let [dot, _name, after @ ..] = rest
                && dot.text == "."
            {
                rest = after;
            }
            rest = without_brackets(without_brackets(rest, "["), "(");
        }
        rest
    }

    /// Whether its body may begin in the next line.
    pub fn has_head(&self) -> bool {
        matches!(self.word, "class" | "trait" | "object" | "def")
    }

    /// Whether tokens contain its name.
    pub fn is_used_in(&self, tokens: &[Token<'_>]) -> bool {
        let is_name = |token: &Token<'_>| token.kind == TokenKind::Word && token.text == self.name;
        self.word != "import" && tokens.iter().any(is_name)
    }

    /// Whether its name is that of a type. A value may have the same name.
    fn is_type(&self) -> bool {
        matches!(self.word, "class" | "trait" | "type")
    }

    /// Whether it cannot stand together with the other, since both define the same.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.word != "import"
            && other.word != "import"
            && self.name == other.name
            && self.is_type() == other.is_type()
            && !self.is_overload_of(other)
    }

    /// Whether both are functions of the same name, with different parameters.
    pub fn is_overload_of(&self, other: &Self) -> bool {
        let texts = |definition: &Self| definition.parameters.iter().map(|token| token.text);
        self.name == other.name
            && self.word == "def"
            && other.word == "def"
            && !texts(self).eq(texts(other))
    }

    /// Whether one of the two is a class and the other its companion.
    pub fn is_companion_of(&self, other: &Self) -> bool {
        let words = [self.word, other.word];
        self.name == other.name
            && words.contains(&"object")
            && (words.contains(&"class") || words.contains(&"trait"))
    }
}

/// The tokens behind brackets, if they begin with such brackets.
fn without_brackets<'t, 'c>(tokens: &'t [Token<'c>], open: &str) -> &'t [Token<'c>] {
    let Some(first) = tokens.first().filter(|first| first.text == open) else {
        return tokens;
    };
    let closes = |token: &Token<'_>| token.depth == first.depth && token.kind == TokenKind::Close;
    tokens.iter().position(closes).map_or(&[], |close| &tokens[close + 1..])
}
