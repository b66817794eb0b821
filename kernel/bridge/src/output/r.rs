//! Reads what Livy answers to a statement in R (`SparkRInterpreter.scala`). Livy runs `eval(parse(text = "…"))`, has R
//! print an error as a string behind all that was printed before, does not recognize an error below which R prints
//! warnings, and closes the device of a plot, whose value R prints. Pure.

use livy_client::Output;
use serde_json::{Map, Value};

use crate::{
    error::CellError,
    output::{
        cell_output::{CellOutput, PLAIN},
        traceback::r_error,
    },
};

/// How R prints a string.
const STRING_START: &str = "[1] \"";
/// What Livy adds to an error, as R prints it, with the end of the string.
const END_OF_ERROR: &str = "\\n----LIVY_END_OF_ERROR----\"";
/// How Livy's calls begin, which the user has not written.
const LIVYS_CALLS: [&str; 2] = ["eval(parse(text = \"", "parse(text = \""];
/// How a warning names Livy's call: at the end of a statement, or at once (`options(warn = 1)`).
const LIVYS_WARNINGS: [(&str, &str); 2] =
    [("In eval(parse(text = \"", ""), ("Warning in eval(parse(text = \"", "Warning: ")];

/// Separates the error of a statement, if it ended in one, from what was printed.
pub fn read(output: Output) -> (Output, Option<CellError>) {
    let found = match &output {
        Output::Ok(data) => data.get(PLAIN).and_then(Value::as_str).and_then(unrecognized_error),
        Output::Error { ename, evalue, .. } if ename == "Error" => printed_error(evalue),
        Output::Error { .. } => None,
    };
    let Some((printed, error)) = found else { return (output, None) };
    (Output::Ok(Map::from_iter([(PLAIN.to_owned(), printed.into())])), Some(error))
}

/// The text before an error, and the error.
fn printed_error(evalue: &str) -> Option<(String, CellError)> {
    let (printed, literal) = evalue.strip_suffix('"')?.rsplit_once(STRING_START)?;
    Some((printed.to_owned(), error(literal)))
}

/// The text around an error that Livy has not recognized, and the error.
fn unrecognized_error(text: &str) -> Option<(String, CellError)> {
    let (before, warnings) = text.rsplit_once(END_OF_ERROR)?;
    let (printed, literal) = before.rsplit_once(STRING_START)?;
    Some((printed.to_owned() + warnings.trim_start_matches('\n'), error(literal)))
}

/// The error that R has printed, in its words: `Error in f(1): no`, or `Error: no`.
fn error(literal: &str) -> CellError {
    let text = unescape(literal);
    let text = text.trim_end_matches('\n');
    let of_call = text.strip_prefix("Error in ").and_then(split_call);
    match of_call {
        Some((call, message)) if LIVYS_CALLS.iter().any(|own| call.starts_with(own)) => {
            r_error(None, message)
        }
        Some((call, message)) => r_error(Some(call), message),
        None => r_error(None, text.strip_prefix("Error: ").unwrap_or(text)),
    }
}

/// Separates a call from the message behind it. Only a string or a quoted name in it may contain a colon and a space.
fn split_call(text: &str) -> Option<(&str, &str)> {
    let (mut quote, mut escaped) = (None, false);
    for (at, char) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if char == '\\' => escaped = true,
            Some(open) if char == open => quote = None,
            Some(_) => {}
            None if matches!(char, '"' | '`') => quote = Some(char),
            None if text[at..].starts_with(": ") => return Some((&text[..at], &text[at + 2..])),
            None => {}
        }
    }
    None
}

/// Reads what R prints between the quotes of a string.
fn unescape(literal: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(literal.len()), literal);
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let (char, behind) = escaped_char(escape);
        text.push(char);
        rest = behind;
    }
    text + rest
}

/// The character of an escape, without its backslash, and what follows it.
fn escaped_char(escape: &str) -> (char, &str) {
    let Some(kind) = escape.chars().next() else { return ('\\', "") };
    let behind = &escape[kind.len_utf8()..];
    let simple = match kind {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'u' => return numbered(behind, 16, 4),
        'U' => return numbered(behind, 16, 8),
        'x' => return numbered(behind, 16, 2),
        '0'..='7' => return numbered(escape, 8, 3),
        other => other,
    };
    (simple, behind)
}

/// The character whose number begins the text, in this base and of at most so many digits.
fn numbered(text: &str, base: u32, most: usize) -> (char, &str) {
    let digits = text.chars().take(most).take_while(|char| char.is_digit(base)).count();
    let number = u32::from_str_radix(&text[..digits], base).ok();
    (number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), &text[digits..])
}

/// Shows what R has printed as a stream, and a plot as a display.
pub fn render(mut data: Map<String, Value>) -> Vec<CellOutput> {
    let text = match data.remove(PLAIN) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let printed = if data.is_empty() { &text } else { without_device(&text) };
    let printed = without_livys_calls(printed);
    let stream = match printed.as_str() {
        "" => None,
        text if text.ends_with('\n') => Some(CellOutput::Stream(printed)),
        _ => Some(CellOutput::Stream(printed + "\n")),
    };
    let plot = (!data.is_empty()).then_some(CellOutput::Display(data));
    stream.into_iter().chain(plot).collect()
}

/// The text without the value of the `dev.off()` that Livy calls: a device's name, and its number below it.
fn without_device(text: &str) -> &str {
    let Some((above, number)) = text.rsplit_once('\n') else { return text };
    let (before, name) = above.rsplit_once('\n').unwrap_or(("", above));
    let is_device = number.trim().parse::<u32>().is_ok() && name.len() == number.len();
    if is_device { before } else { text }
}

/// A warning at the top of a cell names Livy's call, with all of the code; R's console names none.
pub fn without_livys_calls(text: &str) -> String {
    let mut shown = text.to_owned();
    for (begin, instead) in LIVYS_WARNINGS {
        shown = without_calls(&shown, begin, instead);
    }
    shown
}

fn without_calls(text: &str, begin: &str, instead: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(begin) {
        let message = after_string(after).and_then(|after| after.strip_prefix(")) :"));
        shown.push_str(before);
        shown.push_str(if message.is_some() { instead } else { begin });
        rest = message.map_or(after, str::trim_start);
    }
    shown + rest
}

/// What follows the end of a quoted string.
fn after_string(text: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(evalue: &str) -> (String, CellError) {
        let (ename, evalue) = ("Error".to_owned(), evalue.to_owned());
        read_both(Output::Error { ename, evalue, traceback: Vec::new() })
    }

    fn read_both(output: Output) -> (String, CellError) {
        let (Output::Ok(data), Some(error)) = read(output) else { panic!("an error was expected") };
        (data[PLAIN].as_str().unwrap().to_owned(), error)
    }

    fn text(text: &str) -> Map<String, Value> {
        Map::from_iter([(PLAIN.to_owned(), text.into())])
    }

    fn streamed(printed: &str) -> CellOutput {
        CellOutput::Stream(printed.to_owned())
    }

    #[test]
    fn the_message_of_an_error_is_rs_own() {
        let evalue = r#"[1] "Error in eval(parse(text = \"stop(\\\"bad é\\\")\")): bad é""#;
        let (printed, error) = failed(evalue);
        assert_eq!((printed.as_str(), error.evalue.as_str()), ("", "bad é"));
        assert_eq!((error.ename.as_str(), error.traceback), ("Error", vec!["Error: bad é".into()]));
    }

    #[test]
    fn what_was_printed_before_an_error_is_no_part_of_it() {
        let livys = r#"[1] "Error in eval(parse(text = \"cat(\\\"[1] \\\\\\\"x\\\\\\\"\\\"); stop(\\\"late\\\")\")): late""#;
        let (printed, error) = failed(&format!("[1] \"x\"\nno newline{livys}"));
        assert_eq!((printed.as_str(), error.evalue.as_str()), ("[1] \"x\"\nno newline", "late"));
    }

    #[test]
    fn an_error_in_a_function_names_its_call() {
        let (_, error) = failed(r#"[1] "Error in f(\"a: b\", `c: d` = 1): in f: why""#);
        assert_eq!(error.evalue, "in f: why");
        assert_eq!(error.traceback, [r#"Error in f("a: b", `c: d` = 1): in f: why"#]);
    }

    #[test]
    fn an_error_without_a_call_is_its_message() {
        assert_eq!(failed(r#"[1] "Error: no call""#).1.evalue, "no call");
        assert_eq!(failed(r#"[1] "Error:\n! x""#).1.evalue, "Error:\n! x");
        assert_eq!(failed(r#"[1] """#).1.evalue, "");
    }

    #[test]
    fn a_syntax_error_points_at_its_place() {
        let (_, error) = failed(
            r#"[1] "Error in parse(text = \"x y\"): <text>:1:3: unexpected symbol\n1: x y\n      ^""#,
        );
        assert_eq!(error.traceback, ["Error: <text>:1:3: unexpected symbol", "1: x y", "      ^"]);
    }

    #[test]
    fn odd_characters_are_what_they_were() {
        let (_, error) = failed(r#"[1] "Error: a\001b\u200b\U0001f600 \\ \" ' \t日本\n""#);
        assert_eq!(error.evalue, "a\u{1}b\u{200b}😀 \\ \" ' \t日本");
        assert_eq!(unescape(r"\u"), "\u{fffd}");
        assert_eq!(unescape(r"\Uffffffff\"), "\u{fffd}\\");
    }

    #[test]
    fn an_error_below_which_r_prints_warnings_is_an_error() {
        let data = "out\n[1] \"Error in eval(parse(text = \\\"stop()\\\")): after\\n----LIVY_END_OF_ERROR----\"\n\
                    Warning message:\nIn eval(parse(text = \"stop()\")) : w";
        let (printed, error) = read_both(Output::Ok(text(data)));
        assert_eq!(error.evalue, "after");
        assert_eq!(render(text(&printed)), [streamed("out\nWarning message:\nw\n")]);
    }

    #[test]
    fn what_is_no_error_of_r_stays_as_it_is() {
        let died = Output::Error {
            ename: "Error".into(),
            evalue: "Interpreter died:\n".into(),
            traceback: Vec::new(),
        };
        assert_eq!(read(died.clone()), (died, None));
        let value = Output::Ok(text("[1] \"Error in x: y\""));
        assert_eq!(read(value.clone()), (value, None));
    }

    #[test]
    fn warnings_name_the_users_calls_only() {
        let warnings = "[1] NaN\nWarning messages:\n1: In eval(parse(text = \"warning(\\\"w\\\"); log(-1)\")) : w\n\
                        2: In log(-1) : NaNs produced";
        let shown = "[1] NaN\nWarning messages:\n1: w\n2: In log(-1) : NaNs produced\n";
        assert_eq!(render(text(warnings)), [streamed(shown)]);
        let long = "Warning message:\nIn eval(parse(text = \"f()\")) :\n  a long one";
        assert_eq!(render(text(long)), [streamed("Warning message:\na long one\n")]);
        let at_once = "Warning in eval(parse(text = \"f()\")) : w";
        assert_eq!(render(text(at_once)), [streamed("Warning: w\n")]);
        let cut = "In eval(parse(text = \"x";
        assert_eq!(render(text(cut)), [streamed(&format!("{cut}\n"))]);
    }

    #[test]
    fn a_plot_is_a_display_without_the_number_of_its_device() {
        for device in ["null device \n          1 ", "png \n  2 "] {
            let plot = Map::from_iter([("image/png".to_owned(), json!("iVBO"))]);
            let mut data = text(&format!("before\n{device}"));
            data.extend(plot.clone());
            assert_eq!(render(data), [streamed("before\n"), CellOutput::Display(plot)]);
        }
    }

    #[test]
    fn text_without_a_plot_is_whole() {
        assert_eq!(render(text("")), []);
        assert_eq!(render(text("png \n  2 ")), [streamed("png \n  2 \n")]);
        assert_eq!(render(text("[1] 2")), [streamed("[1] 2\n")]);
    }
}
