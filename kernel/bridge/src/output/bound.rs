//! How much of a cell's output is shown. Pure.
//!
//! A cell that prints without measure must not freeze the notebook or make its file useless, and
//! JupyterLab's server drops what comes faster than 1 MB a second (over three seconds, and anew with
//! each idle). Livy sends all of a cell's text at once, when the cell ends, so the text is cut
//! rather than made to wait: its beginning and its end are shown, and how to get the rest.

use serde_json::{Map, Value};

use super::PLAIN;

/// Of the beginning of a text, and of its end, in bytes as they stand in a message.
pub const TEXT: usize = 1_000_000;
/// Of anything else, say an image or a page: these cannot be cut.
pub const RICH: usize = 20_000_000;
/// An end is moved to a line's end that is not farther away.
const LINE: usize = 10_000;

/// The beginning and the end of a text that is too long, with a word in between.
pub fn text(text: String) -> String {
    let head = line_end_before(&text, prefix(text.chars()));
    let tail = text.len() - prefix(text.chars().rev());
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
        megabytes(2 * TEXT)
    )
}

/// A bundle whose text is cut, and without what is too large to be shown.
pub fn bundle(mut data: Map<String, Value>) -> Map<String, Value> {
    let mut notes = Vec::new();
    data.retain(|mime, value| {
        let size = if mime == PLAIN { 0 } else { size(value) };
        let fits = size <= RICH;
        if !fits {
            notes.push(format!(
                "[{mime} of {} is not shown: a cell shows at most {}. Write it to a file, or make it smaller.]",
                megabytes(size),
                megabytes(RICH)
            ));
        }
        fits
    });
    if let Some(Value::String(plain)) = data.get_mut(PLAIN) {
        *plain = text(std::mem::take(plain));
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

/// The text of a cell that is shown while it comes: its beginning at once, and of the rest the end
/// when the cell has ended.
#[derive(Debug, Default)]
pub struct Flow {
    shown: usize,
    end: String,
    left_out: usize,
}

impl Flow {
    /// What is to be shown of this now.
    pub fn pass(&mut self, text: String) -> Option<String> {
        if self.shown < TEXT {
            self.shown += text.len();
            return Some(text);
        }
        self.end.push_str(&text);
        if self.end.len() > 2 * TEXT {
            let surplus = line_start_after(&self.end, boundary(&self.end, self.end.len() - TEXT));
            self.left_out += surplus;
            self.end.drain(..surplus);
        }
        None
    }

    /// What is left to show when no more comes.
    pub fn end(&mut self) -> Option<String> {
        let end = std::mem::take(&mut self.end);
        match self.left_out {
            0 => (!end.is_empty()).then_some(end),
            left_out => Some(format!(
                "\n[... {} are left out here: a cell shows at most some {} of text. Write it to a \
                 file, or print less. ...]\n{end}",
                megabytes(left_out),
                megabytes(2 * TEXT)
            )),
        }
    }
}

fn boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// How many bytes the letters take that come before there are too many.
fn prefix(letters: impl Iterator<Item = char>) -> usize {
    let mut room = TEXT;
    letters
        .take_while(|&letter| {
            let fits = room.checked_sub(in_json(letter));
            room = fits.unwrap_or(0);
            fits.is_some()
        })
        .map(char::len_utf8)
        .sum()
}

/// The bytes of a letter in a message.
fn in_json(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' => 6,
        _ => letter.len_utf8(),
    }
}

fn line_end_before(text: &str, at: usize) -> usize {
    let near = text[..at].rfind('\n').map(|end| end + 1);
    near.filter(|end| at - end <= LINE).unwrap_or(at)
}

fn line_start_after(text: &str, at: usize) -> usize {
    let near = text[at..].find('\n').map(|end| at + end + 1);
    near.filter(|start| start - at <= LINE).unwrap_or(at)
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
        let cut = text(letters.to_owned());
        let encoded = json!(cut).to_string().len();
        assert!(encoded < 2 * TEXT + 1000, "{encoded}");
        cut
    }

    #[test]
    fn a_flow_shows_its_beginning_at_once_and_its_end_at_the_end() {
        let mut flow = Flow::default();
        let line = format!("{}é\n", "x".repeat(997));
        let shown = (0..10_000).filter_map(|_| flow.pass(line.clone())).count();
        assert_eq!(shown, 1000);
        let end = flow.end().unwrap();
        assert!(
            end.contains("MB are left out here") && end.len() < 2 * TEXT + 1000,
            "{}",
            end.len()
        );
        assert!(end.ends_with(&line));
    }

    #[test]
    fn a_short_flow_is_shown_as_it_comes() {
        let mut flow = Flow::default();
        assert_eq!(flow.pass("a".into()).as_deref(), Some("a"));
        assert_eq!(flow.end(), None);
    }

    #[test]
    fn a_text_that_fits_is_left_as_it_is() {
        for fits in ["", "a", &"x".repeat(2 * TEXT), &"é\n".repeat(TEXT / 4)] {
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
    fn a_bundle_loses_only_what_is_too_large() {
        let large = "x".repeat(RICH + 1);
        let Value::Object(data) = json!({"text/html": large, "image/png": "iVBORw0KGgo="}) else {
            unreachable!()
        };
        let data = bundle(data);
        assert_eq!(data["image/png"], "iVBORw0KGgo=");
        assert!(!data.contains_key("text/html"));
        let note = data[PLAIN].as_str().unwrap();
        assert!(note.starts_with("[text/html of 20.0 MB is not shown"), "{note}");
    }
}
