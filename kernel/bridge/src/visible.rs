//! Makes text that a server sent safe to show: names, ids, owners, refusals, log lines. Such text must
//! not move the cursor, hide or reverse the text beside it, or make the terminal answer. Pure.

use std::{borrow::Cow, fmt::Write as _};

/// Replaces what a terminal would act on, or not show, by JSON's escapes. A JSON text stays the same
/// JSON.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut shown, c));
    shown
}

/// Like [`visible`], for text that must stay within one cell of a table.
pub fn visible_in_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// The first characters of a text, with an ellipsis if there are more.
pub fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Like [`visible`], for text that code has printed: ANSI colours stay.
pub fn visible_with_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        rest[..at].chars().for_each(|c| push(&mut shown, c));
        rest = &rest[at..];
        let length = colour(rest).unwrap_or(0);
        shown.push_str(&rest[..length]);
        rest = &rest[length..];
        if length == 0 {
            push(&mut shown, '\u{1b}');
            rest = &rest[1..];
        }
    }
    rest.chars().for_each(|c| push(&mut shown, c));
    shown
}

/// Takes ANSI colours away.
pub fn without_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        match colour(rest) {
            Some(length) => rest = &rest[length..],
            None => {
                shown.push('\u{1b}');
                rest = &rest[1..];
            }
        }
    }
    shown + rest
}

/// The length in bytes of the ANSI colour sequence at the beginning of the text, if it has one.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    parameters[end..].starts_with('m').then_some(end + 3)
}

fn push(shown: &mut String, c: char) {
    if is_harmless(c) {
        return shown.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(shown, "\\u{unit:04x}");
    }
}

/// Whether a character may be shown as it is. The others are control characters, characters that
/// reverse the text around them, and invisible ones, by which two names can look the same.
pub fn is_harmless(c: char) -> bool {
    let reverses = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}');
    let hides = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    matches!(c, '\n' | '\t') || !(c.is_control() || reverses || breaks || hides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_carried_out() {
        assert_eq!(
            visible("a\u{1b}[2Jb\rc\u{9b}d\u{202e}e\u{8}\u{7}"),
            "a\\u001b[2Jb\\u000dc\\u009bd\\u202ee\\u0008\\u0007"
        );
        assert_eq!(visible("é\t日本\nß"), "é\t日本\nß");
        assert_eq!(visible_in_line("a\nb\tc"), "a\\nb\\tc");
    }

    #[test]
    fn a_long_text_is_shortened_between_characters() {
        assert_eq!(shortened("größe", 3), "grö…");
        assert_eq!(shortened("größe", 5), "größe");
    }

    #[test]
    fn invisible_characters_are_shown() {
        assert_eq!(visible("a\u{200d}b\u{feff}\u{2028}"), "a\\u200db\\ufeff\\u2028");
        assert_eq!(visible("\u{e0041}"), "\\udb40\\udc41");
    }

    #[test]
    fn visible_text_is_harmless_and_stays_as_it_is() {
        for c in (0..0x11_0000).filter_map(char::from_u32) {
            let shown = visible(&c.to_string());
            assert!(shown.chars().all(is_harmless), "{c:?}");
            assert_eq!(visible(&shown), shown);
        }
    }

    #[test]
    fn printed_text_keeps_only_its_colours() {
        let colours = "\u{1b}[0;31mred\u{1b}[0m\u{1b}[m";
        assert_eq!(visible_with_colours(colours), colours);
        for (text, shown) in [
            ("\u{1b}[2J", "\\u001b[2J"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}", "\\u001b"),
            ("\u{1b}[31", "\\u001b[31"),
            ("\u{1b}[3\u{1b}[1mé", "\\u001b[3\u{1b}[1mé"),
            ("a\rb", "a\\u000db"),
        ] {
            assert_eq!(visible_with_colours(text), shown);
        }
    }

    #[test]
    fn visible_json_is_the_same_json() {
        let value = serde_json::json!({"name": "a\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}\n"});
        let text = visible(&value.to_string());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
    #[test]
    fn colours_are_taken_away_and_nothing_else() {
        assert_eq!(without_colours("a\u{1b}[0;31mred\u{1b}[0mb\u{1b}[2Jc"), "aredb\u{1b}[2Jc");
    }
}
