//! Magics that must begin a cell and stand elsewhere: the cell is not run, and its error says what to write.
//! Pure.

use crate::{
    error::CellError,
    kind::Kind,
    language::{
        cell_source::CellSource,
        comment::is_comment,
        ipython_syntax::statement_lines,
        magic_table::{self, RunBy},
        sql_line,
    },
};

/// Magics of IPython whose cell is code in which other magics may stand.
const WITH_CODE: [&str; 4] = ["%%time", "%%timeit", "%%capture", "%%prun"];

/// Checks that no magic stands where it cannot.
///
/// # Errors
///
/// The first such magic, and what to write.
pub fn check(source: &CellSource, kernel: Kind) -> Result<(), CellError> {
    let first = source.code.split_whitespace().next().unwrap_or_default();
    let is_text =
        first.starts_with("%%") && !WITH_CODE.iter().any(|name| name.eq_ignore_ascii_case(first));
    let found = match is_text && source.head.is_none() {
        // It is the text of `%%writefile`, `%%bash` or the like.
        true => None,
        false => {
            let found = statement_lines(&source.code).find_map(|line| misplaced(line, source.kind));
            found.or_else(|| table_above_code(source))
        }
    };
    found.map_or(Ok(()), |found| Err(found.error(kernel)))
}

/// A magic that cannot stand where it does.
enum Misplaced<'c> {
    /// It begins a cell.
    Begins(&'c str),
    /// A query, and the variable that is to have its rows.
    Query(&'c str, Option<&'c str>),
    /// `%display`, which there is only as `%%display`, and its value.
    Display(&'c str),
    /// `%table` above other code of Scala, which shows what its end shows.
    Table(&'c str),
}

fn table_above_code(source: &CellSource) -> Option<Misplaced<'_>> {
    let lines = statement_lines(&source.code).filter(|line| !line.trim().is_empty());
    let lines: Vec<&str> = lines.filter(|line| !is_comment(line)).collect();
    let (_last, above) = lines.split_last().filter(|_| source.kind == Kind::Spark)?;
    let mut tables = above.iter().filter_map(|line| line.strip_prefix("%table "));
    tables.next().map(|name| Misplaced::Table(name.trim()))
}

fn misplaced(line: &str, kind: Kind) -> Option<Misplaced<'_>> {
    if kind == Kind::Pyspark
        && let Some(found) = query(line)
    {
        return Some(found);
    }
    let name = line.split_whitespace().next().filter(|name| name.starts_with('%'))?;
    if name.eq_ignore_ascii_case("%display") && matches!(kind, Kind::Pyspark | Kind::Spark) {
        return Some(Misplaced::Display(line.trim()[name.len()..].trim()));
    }
    // Of magics with one percent sign in Python, the agent knows more.
    let magic =
        magic_table::named(name).filter(|_| kind != Kind::Pyspark || name.starts_with("%%"));
    let begins_cell = magic
        .is_some_and(|magic| matches!(magic.by, RunBy::Language(_) | RunBy::Cell | RunBy::Kernel));
    (begins_cell || magic_table::is_alone(line)).then_some(Misplaced::Begins(name))
}

/// `%sql SELECT 1` or `x = %sql SELECT 1`.
fn query(line: &str) -> Option<Misplaced<'_>> {
    let (variable, magic) = match line.split_once('=') {
        Some((variable, magic)) if magic.trim_start().starts_with("%sql ") => {
            (Some(variable.trim()), magic.trim_start())
        }
        _ => (None, line.trim_start()),
    };
    let begins = magic.get(..5).is_some_and(|name| name.eq_ignore_ascii_case("%sql "));
    let at = begins.then(|| sql_line::query_start(magic)).flatten()?;
    Some(Misplaced::Query(magic[at..].trim(), variable))
}

impl Misplaced<'_> {
    fn error(&self, kernel: Kind) -> CellError {
        let (what, next) = match self {
            Self::Begins(name) => (
                format!("{name} stands below other code, and must begin a cell"),
                format!(
                    "Nothing has run. Put {name}, and what belongs to it, into a cell of its own."
                ),
            ),
            Self::Display(value) => {
                let value = if value.is_empty() { "df" } else { value };
                (
                    "%display is no magic of this kernel".to_owned(),
                    format!(
                        "Nothing has run. Write display({value}), or %%display {value} in a cell of its own."
                    ),
                )
            }
            Self::Table(name) => (
                "%table stands above other code, and must end its cell".to_owned(),
                format!(
                    "Nothing has run. Put %table {name} at the end, or into a cell of its own."
                ),
            ),
            Self::Query(query, variable) => {
                let query = format!("spark.sql({})", quoted(query));
                let code = match variable {
                    Some(variable) => format!("{variable} = {query}"),
                    None => format!("display({query})"),
                };
                let own = if kernel == Kind::Sql {
                    ""
                } else {
                    ", or put %%sql and the query into a cell of its own"
                };
                (
                    "%sql stands within Python code".to_owned(),
                    format!("Nothing has run. Write {code}{own}."),
                )
            }
        };
        CellError::new("UsageError", what, &next)
    }
}

/// The query as a string of Python.
fn quoted(query: &str) -> String {
    let quote = if query.contains('"') { "\"\"\"" } else { "\"" };
    format!("{quote}{query}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::cell_source;

    fn told(cell: &str, kernel: Kind) -> Option<String> {
        let checked = check(&cell_source::parse(cell, kernel), kernel);
        checked.err().map(|error| error.traceback.join("\n"))
    }

    #[track_caller]
    fn check_told(cell: &str, kernel: Kind, words: &str) {
        let told = told(cell, kernel).expect(cell);
        assert!(told.contains(words), "{told}");
    }

    #[test]
    fn a_magic_below_code_is_told_to_begin_a_cell() {
        for cell in ["x = 1\n%%sql\nSELECT 1", "%%capture\n%%sql\nSELECT 1", "%%pyspark\nx\n%%sql"]
        {
            check_told(
                cell,
                Kind::Pyspark,
                "Put %%sql, and what belongs to it, into a cell of its own",
            );
        }
        check_told("val x = 1\n%%sql\nSELECT 1", Kind::Spark, "%%sql stands below other code");
        check_told("x <- 1\n%info", Kind::Sparkr, "%info");
        check_told("x = 1\n%%info", Kind::Pyspark, "%%info");
    }

    #[test]
    fn a_query_within_python_is_given_as_python() {
        check_told("x = 1\n%sql SELECT 1", Kind::Pyspark, "Write display(spark.sql(\"SELECT 1\"))");
        check_told("r = %sql SELECT 'a'", Kind::Pyspark, "Write r = spark.sql(\"SELECT 'a'\")");
        check_told("%sql SELECT \"a\"\nx", Kind::Pyspark, "spark.sql(\"\"\"SELECT \"a\"\"\"\")");
    }

    #[test]
    fn rows_are_shown_where_the_language_can_show_them() {
        for kernel in [Kind::Pyspark, Kind::Spark] {
            check_told("x = 1\n%display df", kernel, "Write display(df), or %%display df");
            check_told("%display", kernel, "Write display(df)");
        }
        check_told("%table df\nval x = 1", Kind::Spark, "Put %table df at the end");
        for cell in ["val df = f\n%table df", "%table df\n\n// shown\n"] {
            assert_eq!(told(cell, Kind::Spark), None, "{cell}");
        }
        assert_eq!(told("%table x\ny = 1", Kind::Pyspark), None);
    }

    #[test]
    fn text_and_magics_where_they_may_stand_are_left_alone() {
        for cell in [
            "x = \"\"\"\n%%sql\nSELECT 1\n\"\"\"",
            "%%writefile a.txt\n%%sql\nSELECT 1",
            "%%sql\nSELECT 1",
            "%%time\n%%sql\nSELECT 1",
            "%sql SELECT 1",
            "x = 5\n%timeit x",
            "x = 5\n%info",
            "x = (7\n%%sql\n)",
        ] {
            assert_eq!(told(cell, Kind::Pyspark), None, "{cell}");
        }
        assert_eq!(told("x %%\ny", Kind::Sparkr), None);
    }
}
