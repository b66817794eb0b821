//! Separates a cell's code from the magic above it, which chooses the language.

use crate::{
    kind::Kind,
    language::{comment::is_comment, magic_table},
    platform::command_line,
};

/// A cell's code, its language, and the magic above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellSource {
    /// The language of the code.
    pub kind: Kind,
    /// The line of the magic that chose the language, such as `%%sql -q`.
    pub head: Option<String>,
    /// The code below the magic.
    pub code: String,
}

/// Separates a cell into magic and code. `%%sql` and the like choose the cell's language, if only
/// blank lines and comments stand above them; otherwise it is the kernel's.
pub fn parse(cell: &str, kernel: Kind) -> CellSource {
    let begun = skip_to_magic(cell);
    let (first, rest) = begun.split_once('\n').unwrap_or((begun, ""));
    match chosen_language(first.trim_end(), kernel) {
        Some(kind) => {
            CellSource { kind, head: Some(first.trim().to_owned()), code: rest.to_owned() }
        }
        None if begun.starts_with("%%") => {
            CellSource { kind: kernel, head: None, code: begun.to_owned() }
        }
        None => CellSource { kind: kernel, head: None, code: cell.to_owned() },
    }
}

/// The cell from its magic on, if only blank lines and comments stand above it.
pub fn skip_to_magic(cell: &str) -> &str {
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

/// The language that the magic of this line chooses, if it is such a magic.
fn chosen_language(line: &str, kernel: Kind) -> Option<Kind> {
    let command_line = command_line::split(line)
        .unwrap_or_else(|_| line.split_whitespace().map(str::to_owned).collect());
    let (name, options) = command_line.split_first()?;
    match name.eq_ignore_ascii_case("%%spark") && !options.is_empty() {
        true => Some(sparkmagic_language(options).unwrap_or(kernel)),
        false => magic_table::named(name)?.language(kernel),
    }
}

/// Sparkmagic's `%%spark` keeps the notebook's language, unless its option `-c` says SQL.
fn sparkmagic_language(options: &[String]) -> Option<Kind> {
    let is_context = |word: &str| matches!(word, "-c" | "--context");
    options.windows(2).any(|pair| is_context(&pair[0]) && pair[1] == "sql").then_some(Kind::Sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, kind: Kind, head: Option<&str>, code: &str) {
        let head = head.map(str::to_owned);
        assert_eq!(parse(cell, Kind::Pyspark), CellSource { kind, head, code: code.to_owned() });
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
