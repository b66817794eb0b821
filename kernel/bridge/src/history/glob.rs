//! Matches the patterns of a history search.
//!
//! Jupyter's reference kernel hands `pattern` to SQLite's
//! [`GLOB`](https://www.sqlite.org/lang_expr.html#the_like_glob_regexp_match_and_extract_operators), so
//! has `*`, `?`, and sets of characters such as `[a-z]` and `[^a-z]`. Case matters, and only a set can
//! quote a sign, as in `[*]`.

use regex::Regex;

/// How many bytes a pattern may have: far more than a user types, but little to compile.
const PATTERN_SIZE_LIMIT: usize = 4096;

/// A pattern that is ready to be matched.
pub struct Glob(Option<Regex>);

impl Glob {
    /// Reads a pattern. One with a set that has no end or a range that runs backwards matches nothing,
    /// and so does one that is too long.
    pub fn new(pattern: &str) -> Self {
        let regex = Some(pattern).filter(|pattern| pattern.len() <= PATTERN_SIZE_LIMIT);
        Self(regex.and_then(to_regex).and_then(|regex| Regex::new(&regex).ok()))
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn to_regex(pattern: &str) -> Option<String> {
    let mut regex = "(?s)^".to_owned();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => {
                let (set, below) = character_set(rest)?;
                regex.push_str(&set);
                rest = below;
            }
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    Some(regex + "$")
}

/// The set that ends at the next bracket, and the text behind it. A closing bracket that comes first is
/// a member of the set.
fn character_set(text: &str) -> Option<(String, &str)> {
    let (sign, text) = text.strip_prefix('^').map_or(("", text), |text| ("^", text));
    let first = text.chars().next()?.len_utf8();
    let end = first + text[first..].find(']')?;
    Some((format!("[{sign}{}]", members(&text[..end])), &text[end + 1..]))
}

/// Escapes the members of a set, but not the sign of a range such as `a-z`.
fn members(set: &str) -> String {
    let escaped = |c: char| match c {
        '-' => c.to_string(),
        c => regex::escape(c.encode_utf8(&mut [0; 4])),
    };
    set.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: bool, cases: &[(&str, &str)]) {
        for (pattern, text) in cases {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        check(
            true,
            &[
                ("*", ""),
                ("a*", "a = 1"),
                ("*?(a)", "print(a)"),
                ("é?", "é\u{1f600}"),
                ("a*b*c", "a\nbbc"),
                ("a.b\\", "a.b\\"),
            ],
        );
        check(
            false,
            &[("", "a"), ("?", ""), ("a", "ab"), ("*c", "abcd"), ("a.b", "axb"), ("A", "a")],
        );
    }

    #[test]
    fn brackets_are_a_set_of_characters() {
        check(
            true,
            &[
                ("[abc]", "b"),
                ("df[0-9] = *", "df7 = x"),
                ("[^0-9]*", "x1"),
                ("[]]", "]"),
                ("[^]]", "x"),
                ("[a-]", "-"),
                ("[-a]", "-"),
                ("[[]x]", "[x]"),
                ("[&&~\\d]", "d"),
                ("[*?]", "?"),
                ("x]", "x]"),
            ],
        );
        check(
            false,
            &[
                ("[abc]", "d"),
                ("[^0-9]*", "1x"),
                ("[^]]", "]"),
                ("[abc", "a"),
                ("[\\d]", "7"),
                ("[", "["),
                ("[]", "]"),
                ("[z-a]", "b"),
            ],
        );
    }

    #[test]
    fn stars_and_long_patterns_cost_little() {
        assert!(Glob::new(&"*a".repeat(1000)).matches(&"a".repeat(2000)));
        assert!(!Glob::new(&"?".repeat(5000)).matches(&"a".repeat(5000)));
    }
}
