//! Where in a cell an exception of Scala was thrown. The frames that the REPL prints have line numbers of the
//! text that it has made of a statement, and those of the statement itself are left out. So after an
//! exception, Scala is asked for the frames with these texts, which its compiler still has. Pure.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::language::scala::mark;

/// Prints a line for each frame in code of the user's, and one for each text that has such a frame.
pub const QUESTION: &str = r#"val () = {
  val loader = _root_.java.lang.Thread.currentThread.getContextClassLoader
  val repl = loader.getClass.getField("$outer").get(loader).asInstanceOf[_root_.scala.tools.nsc.interpreter.IMain]
  val errors = _root_.scala.Iterator.iterate[Throwable](lastException)(_.getCause).takeWhile(_ != null).take(20).toList
  val text = errors.map(error => error.getStackTrace.mkString(error.getMessage + "\n", "\n", "")).mkString("\n")
  val frames = """(\$line\d+)\.\S*\(<console>:\d+\)""".r.findAllMatchIn(text).take(1000).toList
  frames.map(_.matched).distinct.take(200).foreach(frame => println("frame " + frame))
  for (id <- frames.map(_.group(1)).distinct.take(20)) {
    val place = repl.global.rootMirror.getClassIfDefined(id + ".$read").pos
    if (place.isDefined) {
      val bytes = new _root_.java.lang.String(place.source.content).getBytes("UTF-8")
      println("text " + id + " " + _root_.java.util.Base64.getEncoder.encodeToString(bytes))
    }
  }
}"#;

const PLACE: &str = "(<console>:";
/// A method of the class that the REPL makes of a statement.
const STATEMENT: &str = "$iw.<init>";

/// The answer to [`QUESTION`].
#[derive(Debug, Default)]
pub struct Stack {
    frames: Vec<Frame>,
    /// The lines of the REPL's texts, by the packages that it has made of them.
    texts: HashMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Frame {
    /// The class and the method.
    method: String,
    number: usize,
}

/// Where a frame is.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// In a line of the cell.
    Cell(usize),
    /// In this line of another cell.
    Elsewhere(String),
}

impl Stack {
    /// Reads what Scala has printed.
    pub fn parse(answer: &str) -> Self {
        let mut stack = Self::default();
        for line in answer.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["frame", frame] => stack.frames.extend(Frame::parse(frame)),
                ["text", package, text] => {
                    let bytes = STANDARD.decode(text).unwrap_or_default();
                    let text = mark::unmarked(&String::from_utf8_lossy(&bytes));
                    let lines = text.split('\n').map(|line| line.trim().to_owned()).collect();
                    stack.texts.insert(package.to_owned(), lines);
                }
                _ => {}
            }
        }
        stack
    }

    /// Gives the frames of an error's lines the line numbers of the cell, and adds the line of the cell
    /// where the REPL leaves frames out.
    pub fn in_cell_lines(&self, lines: Vec<String>, cell: &str) -> Vec<String> {
        let cell: Vec<&str> = cell.lines().map(str::trim).collect();
        let mut shown: Vec<String> = Vec::new();
        let mut statement = self.statement(&cell);
        for line in lines {
            if is_elision(&line) {
                shown.extend(statement.take().map(|place| format!("  at {}", place.text())));
            }
            shown.push(self.frame_in_cell_lines(&line, &cell).unwrap_or(line));
        }
        shown
    }

    /// Where the statement is that failed.
    fn statement(&self, cell: &[&str]) -> Option<Place> {
        let frame = self.frames.iter().find(|frame| frame.method.ends_with(STATEMENT))?;
        self.place(frame, cell).filter(|place| matches!(place, Place::Cell(_)))
    }

    /// Writes a line such as `  at f(<console>:23)`.
    fn frame_in_cell_lines(&self, line: &str, cell: &[&str]) -> Option<String> {
        let (before, place) = line.split_once(PLACE)?;
        let (number, after) = place.split_once(')')?;
        let number: usize = number.parse().ok()?;
        let method = before.rsplit(char::is_whitespace).next()?;
        let is_it = |frame: &&Frame| frame.number == number && frame.is_called(method);
        let mut places: Vec<Place> =
            self.frames.iter().filter(is_it).filter_map(|frame| self.place(frame, cell)).collect();
        places.dedup();
        match &places[..] {
            [place] => Some(format!("{before}({}){after}", place.text())),
            _ => None,
        }
    }

    fn place(&self, frame: &Frame, cell: &[&str]) -> Option<Place> {
        let (package, _) = frame.method.split_once('.')?;
        let text = self.texts.get(package)?;
        let at = frame.number.checked_sub(1)?;
        let line = text.get(at)?;
        let alike = (0..cell.len()).filter(|&found| cell[found] == line);
        let scored: Vec<(usize, usize)> =
            alike.map(|found| (lines_alike(text, at, cell, found), found)).collect();
        let best = scored.iter().map(|(score, _)| *score).max();
        let found: Vec<_> = scored.iter().filter(|(score, _)| Some(*score) == best).collect();
        match found[..] {
            [] => Some(Place::Elsewhere(line.clone())),
            [(_, found)] => Some(Place::Cell(found + 1)),
            // Statements that read the same.
            _ => None,
        }
    }
}

impl Frame {
    /// Reads `$line20.$read$$iw.f(<console>:23)`.
    fn parse(text: &str) -> Option<Self> {
        let (method, number) = text.strip_suffix(')')?.split_once(PLACE)?;
        Some(Self { method: method.to_owned(), number: number.parse().ok()? })
    }

    /// Whether the REPL calls its method this, without the names that it has made itself.
    fn is_called(&self, name: &str) -> bool {
        self.method.strip_suffix(name).is_some_and(|before| before.ends_with(['.', '$']))
    }
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::Cell(line) => format!("cell:{line}"),
            Self::Elsewhere(line) => format!("another cell: {line}"),
        }
    }
}

/// Whether a line of an error is one of an exception's stack: `  at f(<console>:23)`, `  ... 51 elided`.
pub fn is_of_an_exception(line: &str) -> bool {
    line.trim_start().starts_with("at ") || is_elision(line)
}

/// Divides the text of an exception into what its statement has printed before, and the exception.
pub fn printed_before(text: &str) -> (&str, &str) {
    let (mut start, mut headline) = (0, 0);
    for line in text.split_inclusive('\n') {
        if is_of_an_exception(line) {
            return text.split_at(headline);
        }
        if is_headline(line) {
            headline = start;
        }
        start += line.len();
    }
    ("", text)
}

/// `java.lang.ArithmeticException: / by zero`
fn is_headline(line: &str) -> bool {
    let class = line.split(": ").next().unwrap_or_default().trim_end();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$');
    (class.ends_with("Exception") || class.ends_with("Error")) && class.chars().all(is_name)
}

fn is_elision(line: &str) -> bool {
    line.trim_start().starts_with("... ") && line.trim_end().ends_with(" elided")
}

/// How many lines around two places are the same.
fn lines_alike(text: &[String], at: usize, cell: &[&str], found: usize) -> usize {
    let same = |pair: &(&String, &&str)| pair.0 == *pair.1;
    let is_code = |pair: &(&String, &&str)| !pair.0.is_empty();
    let below = text[at..].iter().zip(&cell[found..]).take_while(same).filter(is_code);
    let above = text[..at].iter().rev().zip(cell[..found].iter().rev()).take_while(same);
    below.count() + above.filter(is_code).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer for a function of another statement of the cell, and for one of another cell.
    fn stack(cell: &str, other: &str) -> Stack {
        let text =
            |code: &str| STANDARD.encode(format!("package x\nimport y\n\nval res0 =\n{code}\n}}"));
        Stack::parse(&format!(
            "frame $line3.$read$$iw$$iw.$anonfun$g$1(<console>:5)\n\
             frame $line2.$read$$iw$$iw$A.f(<console>:6)\n\
             frame $line9.$read$$iw$$iw.<init>(<console>:5)\nframe broken(\nnoise\n\
             text $line2 {}\ntext $line3 {}\ntext $line9 {}",
            text("def f(x: Int) = {\n  1 / x /*\\\n\\*/}"),
            text(other),
            text(cell.lines().last().unwrap())
        ))
    }

    #[test]
    fn frames_have_the_lines_of_the_cell() {
        let cell = "val a = 1\ndef f(x: Int) = {\n  1 / x\n}\n\nf(0)";
        let lines = [
            "java.lang.Error: x",
            "  at A.f(<console>:6)",
            "\tat $anonfun$g$1(<console>:5)",
            "  at a.b(B.scala:5)",
            "  ... 51 elided",
        ];
        let shown = stack(cell, "xs.map(f)").in_cell_lines(lines.map(str::to_owned).to_vec(), cell);
        assert_eq!(
            shown,
            [
                "java.lang.Error: x",
                "  at A.f(cell:3)",
                "\tat $anonfun$g$1(another cell: xs.map(f))",
                "  at a.b(B.scala:5)",
                "  at cell:6",
                "  ... 51 elided"
            ]
        );
    }

    #[test]
    fn what_was_printed_before_an_exception_is_no_part_of_it() {
        for printed in ["", "a\n", "+---+\nx: y\n\n"] {
            for thrown in [
                "scala.MatchError: 1\n  ... 51 elided\n",
                "MyException\n  at f(<console>:1)\n",
                "a.bError: x\nmore: it\n\tat g(A.scala:2)",
            ] {
                let text = format!("{printed}{thrown}");
                assert_eq!(printed_before(&text), (printed, thrown));
            }
        }
        let compiled = "<console>:1: error: x\n  y\n  ^\n";
        assert_eq!(printed_before(compiled), ("", compiled));
    }

    #[test]
    fn a_line_that_cannot_be_told_stays() {
        let cell = "f(0)\nf(0)";
        let lines =
            ["  at f(<console>:7)", "  at h(<console>:x)", "  ... 51 elided"].map(str::to_owned);
        assert_eq!(stack(cell, "x").in_cell_lines(lines.to_vec(), cell), lines);
        assert_eq!(Stack::parse("").in_cell_lines(lines.to_vec(), cell), lines);
    }

    #[test]
    fn lines_around_tell_lines_apart_that_read_the_same() {
        let cell = "def g(x: Int) = {\n  1 / x\n}\ndef f(x: Int) = {\n  1 / x\n}\nf(0)";
        let shown = stack(cell, "x").in_cell_lines(vec!["  at A.f(<console>:6)".into()], cell);
        assert_eq!(shown, ["  at A.f(cell:5)"]);
    }
}
