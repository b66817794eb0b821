//! Separates a cell's code from the magic above it, which chooses the language.

use crate::{
    kind::Kind,
    language::{comment::is_comment, magic_table, sql_line},
    platform::command_line,
};

/// A cell's code, its language, and the magic above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellSource {
    /// The language of the code.
    pub kind: Kind,
    /// The line of the magic that chose the language, such as `%%sql -q`.
    pub head: Option<String>,
    /// The code below the magic, and on its line.
    pub code: String,
    /// Whether `%%time` stands above the magic.
    pub is_timed: bool,
}

/// Separates a cell into magic and code. `%%sql` and the like choose the cell's language, if only
/// blank lines, comments and `%%time` stand above them; otherwise it is the kernel's.
pub fn parse(cell: &str, kernel: Kind) -> CellSource {
    let begun = skip_to_magic(cell);
    let timed = below_time(begun).filter(|below| begins_with_language(below, kernel));
    let is_timed = timed.is_some();
    let begun = timed.unwrap_or(begun);
    if let Some((kind, head, code)) = with_language(begun, kernel) {
        return CellSource { kind, head: Some(head), code: code.to_owned(), is_timed };
    }
    let code = if begun.starts_with("%%") { begun } else { cell };
    CellSource { kind: kernel, head: None, code: code.to_owned(), is_timed }
}

/// What stands below the line `%%time`.
fn below_time(begun: &str) -> Option<&str> {
    let (first, below) = begun.split_once('\n')?;
    first.trim().eq_ignore_ascii_case("%%time").then(|| skip_to_magic(below))
}

fn begins_with_language(cell: &str, kernel: Kind) -> bool {
    with_language(cell, kernel).is_some()
}

/// The language that the first line chooses, that line without its code, and the code.
fn with_language(begun: &str, kernel: Kind) -> Option<(Kind, String, &str)> {
    let (first, rest) = begun.split_once('\n').unwrap_or((begun, ""));
    let name = first.split_whitespace().next()?.to_ascii_lowercase();
    let code_start = match name.as_str() {
        "%sql" | "%%sql" => sql_line::query_start(first),
        "%%display" => display_start(first, name.len()),
        _ => None,
    };
    // Below a line `%sql SELECT 1` there may be Python.
    let is_whole_cell = kernel == Kind::Sql || code_start.is_none() || rest.trim().is_empty();
    let kind = match name.as_str() {
        "%sql" if is_whole_cell => Kind::Sql,
        _ => chosen_language(first.trim_end(), kernel)?,
    };
    let (head, code) = match code_start {
        Some(at) => begun.split_at(at),
        None => (first, rest),
    };
    Some((kind, head.trim().to_owned(), code))
}

/// Where the value begins that `%%display` has on its line.
fn display_start(line: &str, name: usize) -> Option<usize> {
    let value = line[name..].trim_start();
    (!value.is_empty() && !value.starts_with('-')).then(|| line.len() - value.len())
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
        let expected = CellSource { kind, head, code: code.to_owned(), is_timed: false };
        assert_eq!(parse(cell, Kind::Pyspark), expected);
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
    fn a_query_may_stand_on_the_line_of_its_magic() {
        check("%%sql SELECT 1", Kind::Sql, Some("%%sql"), "SELECT 1");
        check("%%sql -n 5 SELECT *\nFROM t", Kind::Sql, Some("%%sql -n 5"), "SELECT *\nFROM t");
        check("%sql SELECT 1\n", Kind::Sql, Some("%sql"), "SELECT 1\n");
        check("%sql\nSELECT 1", Kind::Sql, Some("%sql"), "SELECT 1");
        check("%sql SELECT 1\nx = 1", Kind::Pyspark, None, "%sql SELECT 1\nx = 1");
        assert_eq!(parse("%sql SELECT 1\n, 2", Kind::Sql).kind, Kind::Sql);
    }

    #[test]
    fn the_magics_of_emr_have_their_languages() {
        check("%%scalaspark\n1", Kind::Spark, Some("%%scalaspark"), "1");
        check("%%rspark\n1", Kind::Sparkr, Some("%%rspark"), "1");
        check("%%display df", Kind::Pyspark, Some("%%display"), "df");
        check("%%display\ndf", Kind::Pyspark, Some("%%display"), "df");
        check("%%display --help", Kind::Pyspark, Some("%%display --help"), "");
    }

    #[test]
    fn time_above_a_magic_of_a_language_is_the_kernels() {
        let timed = parse("%%time\n\n%%sql\nSELECT 1", Kind::Pyspark);
        assert!(timed.is_timed && timed.kind == Kind::Sql && timed.code == "SELECT 1");
        assert!(!parse("%%time\nf()", Kind::Pyspark).is_timed);
    }

    #[test]
    fn the_spark_of_sparkmagic_is_the_notebooks_language() {
        check("%%spark\n1", Kind::Spark, Some("%%spark"), "1");
        check("%%spark -o df\nx", Kind::Pyspark, Some("%%spark -o df"), "x");
        check("%%spark -c sql -o df\nx", Kind::Sql, Some("%%spark -c sql -o df"), "x");
        check("%%pretty\nx", Kind::Pyspark, Some("%%pretty"), "x");
    }
}
