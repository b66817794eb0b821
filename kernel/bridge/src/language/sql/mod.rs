//! The statements that a cell becomes for Livy: one as a rule, and one for each query of a SQL cell.
//! Pure.
//!
//! Livy's own SQL returns at most 1,000 rows and does not report truncation; it returns some types
//! inexactly or not at all. So the session's Python asks Spark, whatever the session's language is;
//! Livy starts it for the first query, which takes two seconds. Where there is to be no Python, or it
//! does not start, Livy's own SQL runs what it can.

mod kept;
pub mod options;
mod python;
mod scala;
mod statements;

use options::{Chart, Drawing, Head, Query};
use statements::Statement;

pub use kept::KeptOutput;
pub use scala::{VIEW, create_view_of as view_of, has_no_rows, variable_of_view, view_failure};

use crate::{
    error::CellError,
    kind::Kind,
    language::{
        cell_source::CellSource,
        magic_line::{self, MagicRequest},
        misplaced, python_syntax,
        scala::{
            is_only_comments,
            shown_rows::{self, ShownBy, ShownRows},
        },
    },
};

/// A statement that is to be sent to Livy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStatement {
    /// The language that Livy runs it in.
    pub kind: Kind,
    /// The code as Livy gets it.
    pub code: String,
    /// Decides whether its output is shown and its IPython syntax translated.
    pub author: Author,
    /// What runs in its place where it cannot, such as Livy's own SQL in a session without Python.
    pub otherwise: Option<Box<PlannedStatement>>,
}

impl PlannedStatement {
    fn new(kind: Kind, code: String, author: Author) -> Self {
        Self { kind, code, author, otherwise: None }
    }

    /// A statement that the user has written.
    pub fn of_user(kind: Kind, code: String) -> Self {
        Self::new(kind, code, Author::User)
    }

    /// A statement of the kernel's, whose output is not shown.
    pub fn internal(kind: Kind, code: String) -> Self {
        Self::new(kind, code, Author::Internal)
    }

    /// The statement, with one that runs in its place where it cannot.
    pub fn or(self, otherwise: Self) -> Self {
        Self { otherwise: Some(Box::new(otherwise)), ..self }
    }
}

/// The numbers of the statements that end a query, in a cell of queries.
pub fn queries_of(statements: &[PlannedStatement]) -> Vec<usize> {
    let is_code = |one: &PlannedStatement| one.author == Author::User && one.kind != Kind::Sql;
    let makes_view =
        |one: &PlannedStatement| one.author == Author::Internal && one.kind == Kind::Spark;
    match statements.iter().any(is_code) {
        true => Vec::new(),
        false => {
            let numbered = statements.iter().zip(1..);
            numbered.filter(|(one, _)| !makes_view(one)).map(|(_, number)| number).collect()
        }
    }
}

/// Who wrote a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The user, whose code may have IPython syntax.
    User,
    /// The kernel, to show something in the user's cell.
    Kernel,
    /// The kernel, to prepare something for the next statement; its output is not shown.
    Internal,
}

/// What the user has asked for, if the kernel wrote this code for it.
pub fn original(code: &str) -> Option<String> {
    let of_python = python::original_query(code);
    of_python.map(scala::original_rows).or_else(|| scala::original(code))
}

/// What the kernel does with a cell of code.
#[derive(Debug, PartialEq)]
pub struct StatementPlan {
    /// The statements that are sent, each after the one before has succeeded.
    pub statements: Vec<PlannedStatement>,
    /// A warning that is shown before they run.
    pub note: Option<String>,
    /// The variable that the cell keeps with `-o`.
    pub output: Option<KeptOutput>,
}

impl StatementPlan {
    fn of(statements: Vec<PlannedStatement>) -> Self {
        Self { statements, note: None, output: None }
    }
}

/// Turns a cell into statements, or into the help that its magic asks for.
///
/// # Errors
/// The magic's line or its use is wrong; the error says how to write it.
pub fn plan(source: &CellSource, kernel: Kind) -> Result<MagicRequest<StatementPlan>, CellError> {
    misplaced::check(source, kernel)?;
    let head = match &source.head {
        Some(line) => match magic_line::parse(&as_our_magic(line, source.kind))? {
            MagicRequest::Run(head) => Some(head),
            MagicRequest::Help(help) => return Ok(MagicRequest::Help(help)),
        },
        None => None,
    };
    Ok(MagicRequest::Run(match head {
        Some(Head::Sql(query)) => queries(&source.code, &query, kernel)?,
        None if source.kind == Kind::Sql => queries(&source.code, &Query::PLAIN, kernel)?,
        Some(Head::Pyspark(code) | Head::Spark(code) | Head::Sparkr(code) | Head::Pretty(code)) => {
            StatementPlan { output: code.kept(source.kind), ..as_written(source) }
        }
        Some(Head::Chart(_)) if !source.code.trim().is_empty() => {
            let what = "the code below %chart would not run";
            return Err(CellError::new("UsageError", what, "Put %chart in a cell of its own."));
        }
        Some(Head::Chart(chart)) => StatementPlan::of(draw_variable(&chart, kernel)?),
        Some(Head::Display) => StatementPlan::of(display(source.code.trim(), kernel)?),
        None => as_written(source),
    }))
}

/// Sparkmagic's `%%spark -c sql` is `%%sql`.
fn as_our_magic(line: &str, kind: Kind) -> String {
    match line.split_once(char::is_whitespace) {
        Some((_, options)) if kind == Kind::Sql => format!("%%sql {options}"),
        _ => line.to_owned(),
    }
}

/// The code as the user has written it, but for the rows that a cell of Scala shows at its end, which Livy's
/// Scala cannot.
fn as_written(source: &CellSource) -> StatementPlan {
    let is_scala = source.kind == Kind::Spark;
    match is_scala.then(|| shown_rows::at_the_end_of(&source.code)).flatten() {
        Some(shown) => show_rows(source, &shown),
        None => unchanged(source),
    }
}

fn unchanged(source: &CellSource) -> StatementPlan {
    let whole = PlannedStatement::of_user(source.kind, source.code.clone());
    let is_scala = source.kind == Kind::Spark;
    let is_empty = source.code.trim().is_empty() || is_scala && is_only_comments(&source.code);
    StatementPlan::of(if is_empty { Vec::new() } else { vec![whole] })
}

fn show_rows(source: &CellSource, shown: &ShownRows<'_>) -> StatementPlan {
    let before = CellSource { code: shown.before.to_owned(), ..source.clone() };
    let make_view = match shown.by {
        ShownBy::Display => make_view_of(shown.expression),
        // Livy itself shows lists of rows, if they are the last value of the code above.
        ShownBy::Table => {
            let livys = format!("{0}\n%table {0}", shown.expression);
            let code = scala::create_view_of_dataset(shown.expression);
            PlannedStatement::internal(Kind::Spark, code)
                .or(PlannedStatement::of_user(Kind::Spark, livys))
        }
    };
    let rows = [make_view, query_view(&Query::PLAIN)];
    let statements = unchanged(&before).statements.into_iter().chain(rows).collect();
    StatementPlan::of(statements)
}

fn queries(code: &str, query: &Query, kernel: Kind) -> Result<StatementPlan, CellError> {
    let statements = statements::split(code);
    let last = statements.len().saturating_sub(1);
    let mut planned = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        // `-o` keeps the rows of the last statement.
        let output = query.output.clone().filter(|_| at == last);
        planned.extend(plan_query(statement, &Query { output, ..query.clone() }, kernel)?);
    }
    Ok(StatementPlan { output: query.kept(kernel), ..StatementPlan::of(planned) })
}

fn plan_query(
    statement: &Statement,
    query: &Query,
    kernel: Kind,
) -> Result<Vec<PlannedStatement>, CellError> {
    let by_language = statement.has_variables() || query.output.is_some();
    match kernel {
        Kind::Sparkr if by_language => Err(CellError::new(
            "UsageError",
            "R has neither variables in SQL nor the option -o",
            "Write it in R: rows <- sql(\"SELECT …\")",
        )),
        Kind::Spark if by_language => {
            let view = scala::create_view(statement, query.output.as_deref());
            let make_view = PlannedStatement::internal(Kind::Spark, view);
            let shown = (!query.quiet).then(|| query_view(query));
            Ok([make_view].into_iter().chain(shown).collect())
        }
        Kind::Pyspark => Ok(vec![by_python(python::rows(statement, query))]),
        Kind::Sql if by_language => Ok(vec![by_python(python::rows(statement, query))]),
        _ => Ok(vec![by_python_or_livy(statement, query)]),
    }
}

/// A query that Livy's own SQL runs where there is no Python, unless it asks for more than that gives.
fn by_python_or_livy(statement: &Statement, query: &Query) -> PlannedStatement {
    let text = statement.text();
    if query.is_plain() && query.quiet {
        return PlannedStatement::internal(Kind::Sql, text);
    }
    let by_python = by_python(python::rows(statement, query));
    match query.is_plain() {
        true => by_python.or(PlannedStatement::of_user(Kind::Sql, text)),
        false => by_python,
    }
}

fn by_python(code: String) -> PlannedStatement {
    PlannedStatement::new(Kind::Pyspark, code, Author::Kernel)
}

fn make_view_of(expression: &str) -> PlannedStatement {
    PlannedStatement::internal(Kind::Spark, scala::create_view_of(expression))
}

fn query_view(query: &Query) -> PlannedStatement {
    let all = Statement(vec![format!("SELECT * FROM {}", scala::VIEW)]);
    by_python_or_livy(&all, &Query { output: None, ..query.clone() })
}

/// The statements that draw a variable's rows.
fn draw_variable(chart: &Chart, kernel: Kind) -> Result<Vec<PlannedStatement>, CellError> {
    let Chart { variable, kind, axes } = chart;
    match kernel {
        Kind::Pyspark | Kind::Sql => Ok(vec![by_python(python::chart(variable, *kind, axes))]),
        Kind::Spark => {
            let chart = Drawing { chart: Some(*kind), axes: axes.clone() };
            Ok(vec![make_view_of(variable), query_view(&Query { chart, ..Query::PLAIN })])
        }
        Kind::Sparkr => Err(CellError::new(
            "UsageError",
            "%chart does not work in R",
            "Make a view with createOrReplaceTempView(rows, \"v\"), then draw it with %%sql --chart.",
        )),
    }
}

/// The statements that show the rows of a DataFrame.
fn display(value: &str, kernel: Kind) -> Result<Vec<PlannedStatement>, CellError> {
    let wrong = |what: &str, next: &str| Err(CellError::new("UsageError", what, next));
    match kernel {
        Kind::Pyspark if python_syntax::is_valid(&format!("display({value})")) => {
            let display = PlannedStatement::of_user(kernel, format!("display({value})"));
            Ok(vec![match options::variable(value) {
                // Without the agent there is no `display`.
                Ok(name) => display.or(by_python(python::table(&name))),
                Err(_) => display,
            }])
        }
        Kind::Spark if options::variable(value).is_ok() => {
            Ok(vec![make_view_of(value), query_view(&Query::PLAIN)])
        }
        Kind::Pyspark | Kind::Spark => {
            wrong("%%display shows one DataFrame", "Write its name: %%display df")
        }
        Kind::Sparkr | Kind::Sql => wrong(
            "%%display works in Python and Scala",
            "Query a table or a temporary view in place of it: %%sql SELECT * FROM v",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::cell_source;

    fn steps(cell: &str, kernel: Kind) -> Vec<(Kind, String)> {
        match plan(&cell_source::parse(cell, kernel), kernel).unwrap() {
            MagicRequest::Run(plan) => {
                plan.statements.into_iter().map(|step| (step.kind, step.code)).collect()
            }
            MagicRequest::Help(help) => panic!("{help}"),
        }
    }

    fn kinds(cell: &str, kernel: Kind) -> Vec<Kind> {
        steps(cell, kernel).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn other_languages_are_sent_as_they_are() {
        assert_eq!(steps("1 + 1", Kind::Pyspark), [(Kind::Pyspark, "1 + 1".to_owned())]);
        assert_eq!(steps("%%scala\n1", Kind::Pyspark), [(Kind::Spark, "1".to_owned())]);
        assert_eq!(steps(" \n", Kind::Pyspark), []);
    }

    #[test]
    fn python_answers_queries_and_livys_sql_where_there_is_none() {
        let MagicRequest::Run(two) =
            plan(&cell_source::parse("select 1; select 2;", Kind::Sql), Kind::Sql).unwrap()
        else {
            panic!("no help was asked for");
        };
        let livys: Vec<_> =
            two.statements.iter().filter_map(|step| step.otherwise.as_deref().cloned()).collect();
        let expected = ["select 1", "select 2"]
            .map(|query| PlannedStatement::of_user(Kind::Sql, query.to_owned()));
        assert!(two.statements.iter().all(|step| step.kind == Kind::Pyspark));
        assert_eq!(livys, expected);
        assert_eq!(kinds("%%sql -q\nselect 1", Kind::Spark), [Kind::Sql]);
        assert_eq!(kinds("%%sql -n 5\nselect 1", Kind::Spark), [Kind::Pyspark]);
        assert_eq!(kinds("select {x}", Kind::Sql), [Kind::Pyspark]);
        assert_eq!(kinds("%%sql\nselect 1; -- x", Kind::Pyspark), [Kind::Pyspark]);
        assert_eq!(kinds("%%spark -c sql -o df\nselect 1", Kind::Pyspark), [Kind::Pyspark]);
    }

    #[test]
    fn rows_that_a_scala_cell_shows_at_its_end_are_queried() {
        let view = |expression| (Kind::Spark, scala::create_view_of(expression));
        let table = steps("%table df", Kind::Spark);
        assert_eq!(table[0].1, scala::create_view_of_dataset("df"));
        assert!(table[1].0 == Kind::Pyspark && table[1].1.contains(scala::VIEW));
        let displayed = steps("val df = f\ndisplay(df.limit(5))", Kind::Spark);
        let before = (Kind::Spark, "val df = f\n".to_owned());
        assert_eq!(displayed, [before, view("df.limit(5)"), table[1].clone()]);
        assert_eq!(steps("%%scala\ndisplay(df)", Kind::Pyspark)[0], view("df"));
    }

    #[test]
    fn a_table_of_a_list_is_livys() {
        let planned = plan(&cell_source::parse("val x = f\n%table x", Kind::Spark), Kind::Spark);
        let MagicRequest::Run(planned) = planned.unwrap() else { panic!("no help was asked for") };
        let livys: Vec<_> = planned.statements.iter().map(|step| step.otherwise.clone()).collect();
        let table = PlannedStatement::of_user(Kind::Spark, "x\n%table x".to_owned());
        assert_eq!(livys[..2], [None, Some(Box::new(table))]);
    }

    #[test]
    fn queries_are_counted_and_code_is_none() {
        let count =
            |cell: &str, kernel| match plan(&cell_source::parse(cell, kernel), kernel).unwrap() {
                MagicRequest::Run(plan) => queries_of(&plan.statements),
                MagicRequest::Help(help) => panic!("{help}"),
            };
        assert_eq!(count("select 1; select 2", Kind::Sql), [1, 2]);
        assert_eq!(count("%%sql\nselect {x}; select 2", Kind::Spark), [2, 3]);
        assert_eq!(count("val x = f\ndisplay(x)", Kind::Spark), [0; 0]);
    }

    #[test]
    fn in_scala_variables_are_quoted_by_scala() {
        let cell = "%%sql -o rows\nselect {x}";
        assert_eq!(kinds(cell, Kind::Spark), [Kind::Spark, Kind::Pyspark]);
        let (_, code) = &steps(cell, Kind::Spark)[0];
        assert!(code.starts_with("val rows = ") && code.contains("\"select \" + quote(x)"));
        assert_eq!(kinds("%%sql -q -o rows\nselect 1", Kind::Spark), [Kind::Spark]);
    }

    #[test]
    fn the_users_query_can_be_read_from_the_code() {
        let (_, code) = &steps("%%sql -n 5\nselect *\nfrom {t}", Kind::Pyspark)[0];
        assert_eq!(original(code).as_deref(), Some("select *\nfrom {t}"));
        assert_eq!(original("# x\n1"), None);
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for (line, word) in [
            ("%%sql -n many", "many"),
            ("%%sql -r 2", "between 0 and 1"),
            ("%%sql -o 1x", "not a valid variable name"),
            ("%%sql --chart donut", "bar"),
            ("%%scala --frobnicate", "--frobnicate"),
        ] {
            let failure =
                plan(&cell_source::parse(line, Kind::Pyspark), Kind::Pyspark).unwrap_err();
            let message = failure.traceback.join("\n");
            assert!(failure.ename == "UsageError" && message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_dataframe_is_displayed_by_the_magic_of_emr() {
        let shown = [(Kind::Pyspark, "display(df.limit(3))".to_owned())];
        assert_eq!(steps("%%display df.limit(3)", Kind::Pyspark), shown);
        assert_eq!(kinds("%%display\ndf", Kind::Spark), [Kind::Spark, Kind::Pyspark]);
        for (cell, kernel, word) in [
            ("%%display", Kind::Spark, "%%display df"),
            ("%%display\nx = 1\nx", Kind::Pyspark, "%%display df"),
            ("%%display df", Kind::Sparkr, "%%sql SELECT * FROM v"),
        ] {
            let failure = plan(&cell_source::parse(cell, kernel), kernel).unwrap_err();
            assert!(failure.traceback.join("\n").contains(word), "{failure:?}");
        }
    }

    #[test]
    fn help_is_given_where_it_is_asked_for() {
        let asked = plan(&cell_source::parse("%%sql --help\nx", Kind::Spark), Kind::Spark).unwrap();
        assert!(matches!(asked, MagicRequest::Help(help) if help.contains("--maxrows")));
    }
}
