//! How much of a cell's output is shown. Pure.
//!
//! A cell that prints too much must not freeze the notebook or make its file useless. JupyterLab's
//! server also drops output that comes faster than 1 MB a second, measured over three seconds and
//! from each `idle` on. Livy returns all of a cell's text at once when the cell ends, so slowing it
//! down would not help: the text is cut. Its beginning and its end are shown, with a note on how to
//! get the rest.

use serde_json::{Map, Value};

use crate::output::cell_output::PLAIN;

/// How many bytes of a text's beginning are shown, and as many of its end, counted as JSON has them.
pub const TEXT_LIMIT: usize = 1_000_000;
/// How many bytes any other value, say an image or a page, may have: these cannot be cut.
pub const RICH_LIMIT: usize = 20_000_000;
/// A cut is moved to the end of a line that is no more bytes away.
const LINE_SEARCH_LIMIT: usize = 10_000;

/// Replaces the middle of a text that is too long by a note.
pub fn cut_text(text: String) -> String {
    let head = line_end_before(&text, fitting_prefix(text.chars()));
    let tail = text.len() - fitting_prefix(text.chars().rev());
    if tail <= head {
        return text;
    }
    let tail = line_start_after(&text, tail);
    let (head, left_out, tail) = (&text[..head], &text[head..tail], &text[tail..]);
    let (size, lines) = (megabytes(left_out.len()), left_out.matches('\n').count());
    let gap = if head.ends_with('\n') { "" } else { "\n" };
    format!(
        "{head}{gap}[... {size} ({lines} lines) are left out here: a cell shows at most {} of text. \
         Write it to a file, or print less. ...]\n{tail}",
        megabytes(2 * TEXT_LIMIT)
    )
}

/// Cuts a bundle's text, and replaces other values that are too large by a note in the text.
pub fn cut_bundle(mut data: Map<String, Value>) -> Map<String, Value> {
    let mut notes = Vec::new();
    data.retain(|mime, value| {
        let size = if mime == PLAIN { 0 } else { size(value) };
        let fits = size <= RICH_LIMIT;
        if !fits {
            notes.push(format!(
                "[{mime} of {} is not shown: a cell shows at most {}. Write it to a file, or make it smaller.]",
                megabytes(size),
                megabytes(RICH_LIMIT)
            ));
        }
        fits
    });
    if let Some(Value::String(plain)) = data.get_mut(PLAIN) {
        *plain = cut_text(std::mem::take(plain));
    }
    match data.get_mut(PLAIN) {
        _ if notes.is_empty() => {}
        Some(Value::String(plain)) => *plain = format!("{plain}\n{}", notes.join("\n")),
        _ => {
            data.insert(PLAIN.to_owned(), notes.join("\n").into());
        }
    }
    data
}

/// The text of a running cell: its beginning is shown at once, and when the cell has ended, the end
/// of the rest.
#[derive(Debug, Default)]
pub struct LiveText {
    /// In bytes.
    shown: usize,
    /// What may turn out to be the end of the text.
    end: String,
    /// In bytes, between the two.
    left_out: usize,
}

impl LiveText {
    /// The text, if it is to be shown now.
    pub fn pass(&mut self, text: String) -> Option<String> {
        if self.shown < TEXT_LIMIT {
            self.shown += text.len();
            return Some(text);
        }
        self.end.push_str(&text);
        if self.end.len() > 2 * TEXT_LIMIT {
            let surplus =
                line_start_after(&self.end, char_boundary(&self.end, self.end.len() - TEXT_LIMIT));
            self.left_out += surplus;
            self.end.drain(..surplus);
        }
        None
    }

    /// The text that is left to show when the cell has ended.
    pub fn end(&mut self) -> Option<String> {
        let end = std::mem::take(&mut self.end);
        match self.left_out {
            0 => (!end.is_empty()).then_some(end),
            left_out => Some(format!(
                "\n[... {} are left out here: a cell shows at most some {} of text. Write it to a \
                 file, or print less. ...]\n{end}",
                megabytes(left_out),
                megabytes(2 * TEXT_LIMIT)
            )),
        }
    }
}

fn char_boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// How many bytes of text the characters take that fit the limit.
fn fitting_prefix(characters: impl Iterator<Item = char>) -> usize {
    let mut room = TEXT_LIMIT;
    characters
        .take_while(|&character| {
            let fits = room.checked_sub(json_length(character));
            room = fits.unwrap_or(0);
            fits.is_some()
        })
        .map(char::len_utf8)
        .sum()
}

/// How many bytes a character takes in JSON.
fn json_length(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' => 6,
        _ => character.len_utf8(),
    }
}

fn line_end_before(text: &str, at: usize) -> usize {
    let near = text[..at].rfind('\n').map(|end| end + 1);
    near.filter(|end| at - end <= LINE_SEARCH_LIMIT).unwrap_or(at)
}

fn line_start_after(text: &str, at: usize) -> usize {
    let near = text[at..].find('\n').map(|end| at + end + 1);
    near.filter(|start| start - at <= LINE_SEARCH_LIMIT).unwrap_or(at)
}

fn size(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}

#[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(letters: &str) -> String {
        let cut = cut_text(letters.to_owned());
        let encoded = json!(cut).to_string().len();
        assert!(encoded < 2 * TEXT_LIMIT + 1000, "{encoded}");
        cut
    }

    #[test]
    fn live_text_shows_its_beginning_at_once_and_its_end_at_the_end() {
        let mut handle = LiveText::default();
        let line = format!("{}é\n", "x".repeat(997));
        let shown = (0..10_000).filter_map(|_| handle.pass(line.clone())).count();
        assert_eq!(shown, 1000);
        let end = handle.end().unwrap();
        assert!(
            end.contains("MB are left out here") && end.len() < 2 * TEXT_LIMIT + 1000,
            "{}",
            end.len()
        );
        assert!(end.ends_with(&line));
    }

    #[test]
    fn short_live_text_is_shown_as_it_comes() {
        let mut handle = LiveText::default();
        assert_eq!(handle.pass("a".into()).as_deref(), Some("a"));
        assert_eq!(handle.end(), None);
    }

    #[test]
    fn a_text_that_fits_is_left_as_it_is() {
        for fits in ["", "a", &"x".repeat(2 * TEXT_LIMIT), &"é\n".repeat(TEXT_LIMIT / 4)] {
            assert_eq!(cut(fits).len(), fits.len());
        }
    }

    #[test]
    fn lines_are_cut_between_lines_and_counted() {
        let lines: String = (0..500_000).map(|n| format!("line {n}\n")).collect();
        let cut = cut(&lines);
        let shown: Vec<&str> = cut.lines().collect();
        let at = shown.iter().position(|line| line.starts_with("[... ")).unwrap();
        assert!((0..at).all(|n| shown[n] == format!("line {n}")));
        let last = shown.len() - 1;
        assert!((at + 1..=last).all(|n| shown[n] == format!("line {}", 499_999 - (last - n))));
        let left_out = 500_000 - (shown.len() - 1);
        assert!(shown[at].contains(&format!("({left_out} lines)")), "{}", shown[at]);
        assert!(shown[at].contains("Write it to a file"));
    }

    #[test]
    fn one_endless_line_is_cut_between_letters() {
        for letters in ["x", "日", "\u{1b}", "\"", "a\u{1f600}"] {
            let whole = letters.repeat(20_000_000 / letters.len());
            let cut = cut(&whole);
            let (head, rest) = cut.split_once("\n[... ").unwrap();
            let (_, tail) = rest.split_once("...]\n").unwrap();
            assert!(whole.starts_with(head) && whole.ends_with(tail));
            assert!(head.len() > 100_000 && tail.len() > 100_000);
        }
    }

    #[test]
    fn a_bundle_loses_only_values_that_are_too_large() {
        let large = "x".repeat(RICH_LIMIT + 1);
        let Value::Object(data) = json!({"text/html": large, "image/png": "iVBORw0KGgo="}) else {
            unreachable!()
        };
        let data = cut_bundle(data);
        assert_eq!(data["image/png"], "iVBORw0KGgo=");
        assert!(!data.contains_key("text/html"));
        let note = data[PLAIN].as_str().unwrap();
        assert!(note.starts_with("[text/html of 20.0 MB is not shown"), "{note}");
    }
}
