//! A cell's text: which language it is in, and the magic that says so.

use crate::{arguments::words, kind::Kind, magic};

/// A cell, ready to be read further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The language.
    pub kind: Kind,
    /// The line of its magic; none without one.
    pub head: Option<String>,
    /// The code below that.
    pub code: String,
}

/// How a comment begins, in one language or another.
const COMMENTS: [&str; 3] = ["#", "//", "--"];

/// Reads a cell: `%%sql` and its like, before which only blank lines and comments may stand, choose
/// the language of this cell; otherwise it is the kernel's.
pub fn read(cell: &str, kernel: Kind) -> Source {
    let begun = from_magic(cell);
    let (first, rest) = begun.split_once('\n').unwrap_or((begun, ""));
    match language(first.trim_end(), kernel) {
        Some(kind) => Source { kind, head: Some(first.trim().to_owned()), code: rest.to_owned() },
        None if begun.starts_with("%%") => {
            Source { kind: kernel, head: None, code: begun.to_owned() }
        }
        None => Source { kind: kernel, head: None, code: cell.to_owned() },
    }
}

/// The cell from its magic on, if only blank lines and comments stand before that.
pub fn from_magic(cell: &str) -> &str {
    let mut rest = cell;
    loop {
        rest = rest.trim_start();
        if rest.starts_with('%') {
            return rest;
        }
        match rest.split_once('\n') {
            Some((line, below)) if is_comment(line) => rest = below,
            _ => return cell,
        }
    }
}

/// Whether nothing but blank lines and comments stands here.
pub fn says_nothing(lines: &str) -> bool {
    lines.lines().all(|line| line.trim().is_empty() || is_comment(line.trim_start()))
}

fn is_comment(line: &str) -> bool {
    COMMENTS.iter().any(|begin| line.starts_with(begin))
}

/// What this line makes of the cell.
fn language(line: &str, kernel: Kind) -> Option<Kind> {
    let words = words(line);
    let (name, options) = words.split_first()?;
    match name.eq_ignore_ascii_case("%%spark") && !options.is_empty() {
        true => Some(of_sparkmagic(options).unwrap_or(kernel)),
        false => magic::named(name)?.language(kernel),
    }
}

/// Sparkmagic's `%%spark` is the language of the notebook, unless its context says SQL.
fn of_sparkmagic(options: &[String]) -> Option<Kind> {
    let is_context = |word: &str| matches!(word, "-c" | "--context");
    options.windows(2).any(|pair| is_context(&pair[0]) && pair[1] == "sql").then_some(Kind::Sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, kind: Kind, head: Option<&str>, code: &str) {
        let head = head.map(str::to_owned);
        assert_eq!(read(cell, Kind::Pyspark), Source { kind, head, code: code.to_owned() });
    }

    #[test]
    fn a_cell_without_a_magic_is_in_the_kernels_language() {
        check("1 + 1\n2", Kind::Pyspark, None, "1 + 1\n2");
        check("", Kind::Pyspark, None, "");
        check("%json x", Kind::Pyspark, None, "%json x");
        check("# a comment\n%json x", Kind::Pyspark, None, "# a comment\n%json x");
        check("%%unknown\nx", Kind::Pyspark, None, "%%unknown\nx");
    }

    #[test]
    fn a_language_magic_is_taken_off_in_any_case_and_after_blank_lines_and_comments() {
        check("%%sql\nselect 1", Kind::Sql, Some("%%sql"), "select 1");
        check("\n  \n%%SQL  \nselect 1\n", Kind::Sql, Some("%%SQL"), "select 1\n");
        check("# all\n\n-- of them\n// !\n%%sql -q\n1", Kind::Sql, Some("%%sql -q"), "1");
        check("%%scala\n1\n2", Kind::Spark, Some("%%scala"), "1\n2");
        check("%%sql", Kind::Sql, Some("%%sql"), "");
        check("# twice\n%%time\nf()", Kind::Pyspark, None, "%%time\nf()");
    }

    #[test]
    fn the_spark_of_sparkmagic_is_the_notebooks_language() {
        check("%%spark\n1", Kind::Spark, Some("%%spark"), "1");
        check("%%spark -o df\nx", Kind::Pyspark, Some("%%spark -o df"), "x");
        check("%%spark -c sql -o df\nx", Kind::Sql, Some("%%spark -c sql -o df"), "x");
        check("%%pretty\nx", Kind::Pyspark, Some("%%pretty"), "x");
    }
}
