//! Where Scala's statements end. A line break ends a statement unless the grammar lets the statement go
//! on ([Scala 2.12, 1.2](https://www.scala-lang.org/files/archive/spec/2.12/01-lexical-syntax.html)).

use std::ops::Range;

use crate::language::scala::{
    definition::Definition,
    token::{Token, TokenKind},
};

/// Keywords and signs that no statement begins with.
const NEVER_FIRST: [&str; 19] = [
    "catch", "else", "extends", "finally", "forSome", "match", "with", "yield", ",", ".", ":", "=",
    "=>", "<-", "<:", "<%", ">:", "#", "[",
];

/// Keywords and signs that no statement ends with.
const NEVER_LAST: [&str; 49] = [
    "abstract",
    "case",
    "catch",
    "class",
    "def",
    "do",
    "else",
    "extends",
    "final",
    "finally",
    "for",
    "forSome",
    "if",
    "implicit",
    "import",
    "lazy",
    "match",
    "new",
    "object",
    "override",
    "package",
    "private",
    "protected",
    "sealed",
    "super",
    "throw",
    "trait",
    "try",
    "val",
    "var",
    "while",
    "with",
    "yield",
    ",",
    ".",
    ";",
    ":",
    "=",
    "=>",
    "<-",
    "<:",
    "<%",
    ">:",
    "#",
    "@",
    "(",
    "[",
    "{",
    "⇒",
];

/// The words before a condition or a generator, behind which an expression must follow.
const BEFORE_CONDITION: [&str; 3] = ["if", "while", "for"];

/// Keywords that are operands.
const VALUES: [&str; 4] = ["false", "null", "this", "true"];

/// A statement of the outermost level.
#[derive(Debug)]
pub struct Statement<'t, 'c> {
    /// All of its tokens, also those within brackets.
    pub tokens: &'t [Token<'c>],
    /// What is between tokens where the REPL would end it too early, in bytes.
    pub joints: Vec<Range<usize>>,
}

/// How a line break stands to the statement before it.
enum LineBreak {
    /// It ends the statement.
    End,
    /// The statement goes on, and the REPL waits for that by itself.
    Open,
    /// The statement goes on, but the REPL takes it for ended.
    Joint,
}

/// Divides tokens into statements.
pub fn statements<'t, 'c>(code: &'c str, tokens: &'t [Token<'c>]) -> Vec<Statement<'t, 'c>> {
    let mut found = Vec::new();
    let (mut first, mut joints) = (0, Vec::new());
    for next in 1..tokens.len() {
        let gap = tokens[next - 1].end()..tokens[next].start;
        // The tokens within a text stand before the token of the whole text.
        let is_outermost = tokens[next].depth == 0 && tokens[next - 1].depth == 0;
        if !is_outermost || !code.get(gap.clone()).is_some_and(|gap| gap.contains('\n')) {
            continue;
        }
        let place = Place { code, before: &tokens[first..next], next: &tokens[next], gap };
        match place.line_break() {
            LineBreak::Open => {}
            LineBreak::Joint => joints.push(place.gap),
            LineBreak::End => {
                let joints = std::mem::take(&mut joints);
                found.push(Statement { tokens: &tokens[first..next], joints });
                first = next;
            }
        }
    }
    if first < tokens.len() {
        found.push(Statement { tokens: &tokens[first..], joints });
    }
    found
}

/// A line break outside of all brackets.
struct Place<'t, 'c> {
    code: &'c str,
    /// The statement so far.
    before: &'t [Token<'c>],
    next: &'t Token<'c>,
    gap: Range<usize>,
}

impl Place<'_, '_> {
    fn line_break(&self) -> LineBreak {
        let Some((last, before_last)) = self.before.split_last() else {
            return LineBreak::End;
        };
        match () {
            () if matches!(last.kind, TokenKind::Magic | TokenKind::Unclosed) => LineBreak::End,
            () if self.next.kind == TokenKind::Magic => LineBreak::End,
            () if NEVER_LAST.contains(&last.text) => LineBreak::Open,
            () if NEVER_FIRST.contains(&self.next.text) || self.opens_a_body() => LineBreak::Joint,
            () if self.is_infix(last, before_last) => LineBreak::Joint,
            () if is_condition(self.before) || self.is_annotation() => LineBreak::Open,
            () => LineBreak::End,
        }
    }

    /// Whether this is the body of a definition, or more of its parameters, behind one line break.
    fn opens_a_body(&self) -> bool {
        let is_head = || {
            let outermost = || self.before.iter().filter(|token| token.depth == 0);
            Definition::of(self.before).is_some_and(|definition| definition.has_head())
                && !outermost().any(|token| matches!(token.text, "=" | "{" | ";"))
        };
        matches!(self.next.text, "{" | "(") && self.is_one_line_break() && is_head()
    }

    fn is_one_line_break(&self) -> bool {
        // A line with only a comment is no blank line.
        let lines: Vec<&str> = self.code[self.gap.clone()].split('\n').collect();
        let [_, between @ .., _] = lines.as_slice() else { return false };
        !between.iter().any(|line| line.trim().is_empty())
    }

    /// Whether the last token is an operator between two operands. A word may also stand behind its
    /// only operand, as in `1 to 3 toList`; so its second operand must be indented.
    fn is_infix(&self, last: &Token<'_>, before_last: &[Token<'_>]) -> bool {
        let is_binary = match last.kind {
            TokenKind::Operator => !last.text.starts_with('!') && !last.text.ends_with('_'),
            TokenKind::Word => !is_keyword(last.text) && self.is_indented(),
            _ => false,
        };
        is_binary
            && self.is_one_line_break()
            && is_operand(before_last)
            && is_operand_start(self.next)
    }

    fn is_indented(&self) -> bool {
        let indent = |at: usize| {
            let line = self.code[..at].rfind('\n').map_or(0, |found| found + 1);
            self.code[line..].chars().take_while(|&c| c == ' ' || c == '\t').count()
        };
        self.before.first().is_some_and(|first| indent(self.next.start) > indent(first.start))
    }

    /// Whether there is only an annotation yet, whose definition must follow.
    fn is_annotation(&self) -> bool {
        self.before.first().is_some_and(|first| first.text == "@")
            && Definition::without_annotations(self.before).is_empty()
    }
}

/// Whether the tokens end in an operand, behind which a word is an operator.
fn is_operand(tokens: &[Token<'_>]) -> bool {
    let is_name = |token: &&Token<'_>| {
        token.depth == 0 && token.kind == TokenKind::Word && !is_keyword(token.text)
    };
    let names = tokens.iter().rev().take_while(is_name).count();
    let before = &tokens[..tokens.len() - names];
    let follows_operand = before.last().is_some_and(|last| match last.kind {
        TokenKind::Literal => true,
        TokenKind::Close => !is_condition(before),
        _ => VALUES.contains(&last.text),
    });
    // Operands and operators take turns.
    match names.is_multiple_of(2) {
        true => follows_operand,
        false => !follows_operand,
    }
}

fn is_operand_start(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Literal => true,
        TokenKind::Open => token.text != "[",
        TokenKind::Word => {
            !is_keyword(token.text) || token.text == "new" || VALUES.contains(&token.text)
        }
        TokenKind::Operator => matches!(token.text, "-" | "+" | "!" | "~"),
        _ => false,
    }
}

/// Whether the tokens end in the brackets of an `if`, a `while` or a `for`.
fn is_condition(tokens: &[Token<'_>]) -> bool {
    let Some((last, before)) =
        tokens.split_last().filter(|(last, _)| last.kind == TokenKind::Close)
    else {
        return false;
    };
    let open =
        before.iter().rposition(|token| token.depth == last.depth && token.kind == TokenKind::Open);
    let word = open.and_then(|open| before[..open].last());
    word.is_some_and(|word| BEFORE_CONDITION.contains(&word.text))
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "return" | "type" | "_") || VALUES.contains(&word) || NEVER_LAST.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::scala::token::tokens;

    /// The statements of code, with a `⏎` where the REPL must be told that they go on.
    fn split(code: &str) -> Vec<String> {
        let tokens = tokens(code);
        let shown = |statement: &Statement<'_, '_>| {
            let (first, last) =
                (statement.tokens.first().unwrap(), statement.tokens.last().unwrap());
            let mut text = String::new();
            let mut at = first.start;
            for joint in &statement.joints {
                text += &code[at..joint.start];
                text += "⏎";
                at = joint.end;
            }
            text + &code[at..last.end()]
        };
        statements(code, &tokens).iter().map(shown).collect()
    }

    #[test]
    fn a_line_ends_a_statement() {
        assert_eq!(split("val x = 1\nx\n\nf(\n  x\n)\n"), ["val x = 1", "x", "f(\n  x\n)"]);
        assert_eq!(split("x // .y\n/* z */\ny"), ["x", "y"]);
        assert_eq!(split("5\n{ x }"), ["5", "{ x }"]);
        assert_eq!(
            split("f\n(x)\n-1\n@deprecated def g = 1"),
            ["f", "(x)", "-1", "@deprecated def g = 1"]
        );
    }

    #[test]
    fn a_line_that_begins_with_a_dot_goes_on() {
        assert_eq!(
            split(
                "val r = spark.range(10) // ten\n  // .not()\n\n  .filter(\"id > 2\")\n  .count()\nr"
            ),
            ["val r = spark.range(10)⏎.filter(\"id > 2\")⏎.count()", "r"]
        );
        assert_eq!(split("val s = s\"${a}\"\n.size"), ["val s = s\"${a}\"⏎.size"]);
        assert_eq!(split("x\n/* a */ .y"), ["x⏎.y"]);
    }

    #[test]
    fn clauses_go_on() {
        assert_eq!(
            split("if (a)\n  b\nelse if (c)\n  d\nelse\n  e"),
            ["if (a)\n  b⏎else if (c)\n  d⏎else\n  e"]
        );
        assert_eq!(
            split("try { a }\ncatch { b }\n\nfinally { c }"),
            ["try { a }⏎catch { b }⏎finally { c }"]
        );
        assert_eq!(split("for {\n a <- b\n}\nyield a"), ["for {\n a <- b\n}⏎yield a"]);
        assert_eq!(split("for (a <- b)\n  f(a)\ng"), ["for (a <- b)\n  f(a)", "g"]);
        assert_eq!(split("x\nmatch { case 1 => }"), ["x⏎match { case 1 => }"]);
        assert_eq!(split("while (a)\n  b\nc"), ["while (a)\n  b", "c"]);
    }

    #[test]
    fn the_head_of_a_definition_goes_on() {
        assert_eq!(
            split("class A(x: Int)\n  extends B\n  with C\n{\n}"),
            ["class A(x: Int)⏎extends B⏎with C⏎{\n}"]
        );
        assert_eq!(
            split("def f(x: Int)\n  (implicit y: Int): Int =\n  x"),
            ["def f(x: Int)⏎(implicit y: Int): Int =\n  x"]
        );
        assert_eq!(split("def f: Int\n= 5"), ["def f: Int⏎= 5"]);
        assert_eq!(split("class A\n\n{ 1 }"), ["class A", "{ 1 }"]);
        assert_eq!(split("@a.b(1)\nclass A\n@c\nobject B"), ["@a.b(1)\nclass A", "@c\nobject B"]);
        assert_eq!(
            split("def f = 1\n{ 2 }\nval x = 1\n(2)"),
            ["def f = 1", "{ 2 }", "val x = 1", "(2)"]
        );
    }

    #[test]
    fn an_operator_at_the_end_of_a_line_wants_its_second_operand() {
        assert_eq!(split("val x = a +\n  b\nc"), ["val x = a +⏎b", "c"]);
        assert_eq!(split("a ||\n!b"), ["a ||⏎!b"]);
        assert_eq!(split("$\"a\" === 1 and\n  $\"b\""), ["$\"a\" === 1 and⏎$\"b\""]);
        assert_eq!(split("1 to 3 toList\nx"), ["1 to 3 toList", "x"]);
        assert_eq!(split("\"ls\" !!\nx"), ["\"ls\" !!", "x"]);
        assert_eq!(split("if (a) b\n  c"), ["if (a) b", "c"]);
        assert_eq!(split("import a._\nb"), ["import a._", "b"]);
        assert_eq!(split("xs foreach println\n  y"), ["xs foreach println", "y"]);
    }

    #[test]
    fn livys_own_magics_stand_alone() {
        assert_eq!(split("val x = 1\n%json x\n.y"), ["val x = 1", "%json x", ".y"]);
    }
}
