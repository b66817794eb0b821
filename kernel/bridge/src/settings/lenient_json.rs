//! JSON as people write it in cells: with comments and with commas before a closing bracket. Pure.

/// Returns the text as strict JSON: spaces take the place of comments (`//`, `#`, `/* */`) and of commas
/// that nothing follows, so that all else keeps its line and column.
pub fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut comma = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (part, is_comment) = next_part(rest, first);
        match first {
            _ if is_comment => strict.extend(part.chars().flat_map(blanks)),
            ',' => {
                comma = Some(strict.len());
                strict.push(',');
            }
            first => {
                if let (']' | '}', Some(at)) = (first, comma) {
                    strict.replace_range(at..=at, " ");
                }
                if !first.is_whitespace() {
                    comma = None;
                }
                strict.push_str(part);
            }
        }
        rest = &rest[part.len()..];
    }
    strict
}

/// The comment, string or character that the text begins with, and whether it is a comment.
fn next_part(text: &str, first: char) -> (&str, bool) {
    let line = || text.find('\n').unwrap_or(text.len());
    let (end, is_comment) = match first {
        '"' => (string_end(text), false),
        '#' => (line(), true),
        '/' if text.starts_with("//") => (line(), true),
        '/' if text.starts_with("/*") => {
            (text[2..].find("*/").map_or(text.len(), |end| end + 4), true)
        }
        other => (other.len_utf8(), false),
    };
    (&text[..end], is_comment)
}

/// Where the string ends that the text begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Spaces for a character of a comment, but for the end of its line.
fn blanks(c: char) -> impl Iterator<Item = char> {
    let blank = if c == '\n' { '\n' } else { ' ' };
    std::iter::repeat_n(blank, c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(strict(text), expected);
        assert_eq!(expected.len(), text.len());
    }

    #[test]
    fn comments_become_spaces_of_their_length() {
        check("{ // a {\n\"b\": 1 # c\n}", "{       \n\"b\": 1    \n}");
        check("{/* a\n ü */\"b\": 1}", "{    \n      \"b\": 1}");
        check("{} /* open", "{}        ");
    }

    #[test]
    fn a_comma_before_a_closing_bracket_is_left_out() {
        check("{\"a\": [1, 2,], }", "{\"a\": [1, 2 ]  }");
        check("[1, // last\n]", "[1         \n]");
        check("[1,, 2]", "[1,, 2]");
    }

    #[test]
    fn strings_stay_as_they_are() {
        let text = r##"{"a": "http://x/#y,]", "b": "\",}", "c": "\\"}"##;
        check(text, text);
        check("{\"open // x", "{\"open // x");
    }
}
