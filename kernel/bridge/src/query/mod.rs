//! What a cell becomes for Livy: as a rule one statement, of SQL as many as there are in it. Pure.
//!
//! Livy's own SQL sends a thousand rows at most and says not that there are more, and some types it
//! sends inexactly or not at all. Where Python is at hand, or more is asked for, the session's
//! Python asks Spark; otherwise Livy's SQL does, and needs no Python.

pub mod options;
mod python;
mod scala;
mod statements;

use options::{Chart, Code, Drawing, Head, Query};
use statements::Statement;

pub use python::asked;

use crate::{
    arguments::{self, Asked},
    failure::Failure,
    kind::Kind,
    source::Source,
};

/// One statement for Livy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its language.
    pub kind: Kind,
    /// Its code.
    pub code: String,
    /// Who wrote it.
    pub author: Author,
}

/// Who wrote a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The person.
    Person,
    /// The kernel, to have something shown.
    Kernel,
    /// The kernel, to make something ready that nobody wants to see.
    Unseen,
}

/// What is to be done with a cell.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is sent, one after the other.
    pub steps: Vec<Step>,
    /// A word to the person.
    pub word: Option<String>,
}

/// What a cell's magic asks for.
pub fn plan(source: &Source, kernel: Kind) -> Result<Asked<Plan>, Failure> {
    let head = match &source.head {
        Some(line) => match arguments::read(&known(line, source.kind))? {
            Asked::Do(head) => Some(head),
            Asked::Help(help) => return Ok(Asked::Help(help)),
        },
        None => None,
    };
    Ok(Asked::Do(match head {
        Some(Head::Sql(query)) => queries(&source.code, &query, kernel)?,
        None if source.kind == Kind::Sql => queries(&source.code, &Query::PLAIN, kernel)?,
        Some(Head::Pyspark(code) | Head::Spark(code) | Head::Sparkr(code) | Head::Pretty(code)) => {
            Plan { word: told_of_variable(&code), ..as_it_is(source) }
        }
        Some(Head::Chart(_)) if !source.code.trim().is_empty() => {
            let what = "what follows %chart would not run";
            return Err(Failure::new("UsageError", what, "Give %chart a cell of its own."));
        }
        Some(Head::Chart(chart)) => Plan { steps: drawing(&chart, kernel)?, word: None },
        None => as_it_is(source),
    }))
}

/// Sparkmagic's `%%spark -c sql` is `%%sql`.
fn known(line: &str, kind: Kind) -> String {
    match line.split_once(char::is_whitespace) {
        Some((_, options)) if kind == Kind::Sql => format!("%%sql {options}"),
        _ => line.to_owned(),
    }
}

fn as_it_is(source: &Source) -> Plan {
    let step = Step { kind: source.kind, code: source.code.clone(), author: Author::Person };
    let steps = if source.code.trim().is_empty() { Vec::new() } else { vec![step] };
    Plan { steps, word: None }
}

fn told_of_variable(code: &Code) -> Option<String> {
    let name = code.output.as_ref()?;
    Some(format!(
        "{name} is in the session, where all cells run, so -o need not bring it here. As a DataFrame of pandas \
         it is {name}.limit(2500).toPandas().\n"
    ))
}

fn queries(code: &str, query: &Query, kernel: Kind) -> Result<Plan, Failure> {
    let statements = statements::split(code);
    let last = statements.len().saturating_sub(1);
    let mut steps = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        // The rows of the last are the cell's.
        let output = query.output.clone().filter(|_| at == last);
        steps.extend(steps_of(statement, &Query { output, ..query.clone() }, kernel)?);
    }
    Ok(Plan { steps, word: None })
}

fn steps_of(statement: &Statement, query: &Query, kernel: Kind) -> Result<Vec<Step>, Failure> {
    let by_language = statement.has_variables() || query.output.is_some();
    match kernel {
        Kind::Sparkr if by_language => Err(Failure::new(
            "UsageError",
            "neither variables in SQL nor -o are there for R",
            "In R write: rows <- sql(\"SELECT …\")",
        )),
        Kind::Spark if by_language => {
            let view = scala::view(statement, query.output.as_deref());
            let unseen = Step { kind: Kind::Spark, code: view, author: Author::Unseen };
            let shown = (!query.quiet).then(|| of_view(query));
            Ok([unseen].into_iter().chain(shown).collect())
        }
        Kind::Pyspark => Ok(vec![by_python(python::rows(statement, query))]),
        Kind::Sql if by_language => Ok(vec![by_python(python::rows(statement, query))]),
        _ => Ok(vec![by_either(statement, query)]),
    }
}

/// By Livy's own SQL, where that will do.
fn by_either(statement: &Statement, query: &Query) -> Step {
    match query.is_plain() {
        true if query.quiet => {
            Step { kind: Kind::Sql, code: statement.text(), author: Author::Unseen }
        }
        true => Step { kind: Kind::Sql, code: statement.text(), author: Author::Person },
        false => by_python(python::rows(statement, query)),
    }
}

fn by_python(code: String) -> Step {
    Step { kind: Kind::Pyspark, code, author: Author::Kernel }
}

fn of_view(query: &Query) -> Step {
    let all = Statement(vec![format!("SELECT * FROM {}", scala::VIEW)]);
    by_either(&all, &Query { output: None, ..query.clone() })
}

/// What draws a variable's rows.
fn drawing(chart: &Chart, kernel: Kind) -> Result<Vec<Step>, Failure> {
    let Chart { variable, kind, axes } = chart;
    match kernel {
        Kind::Pyspark | Kind::Sql => Ok(vec![by_python(python::chart(variable, *kind, axes))]),
        Kind::Spark => {
            let code = scala::view_of(variable);
            let view = Step { kind: Kind::Spark, code, author: Author::Unseen };
            let chart = Drawing { chart: Some(*kind), axes: axes.clone() };
            Ok(vec![view, of_view(&Query { chart, ..Query::PLAIN })])
        }
        Kind::Sparkr => Err(Failure::new(
            "UsageError",
            "%chart is not there for R",
            "Make a view with createOrReplaceTempView(rows, \"v\"), and draw it: %%sql --chart",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    fn steps(cell: &str, kernel: Kind) -> Vec<(Kind, String)> {
        match plan(&source::read(cell, kernel), kernel).unwrap() {
            Asked::Do(plan) => plan.steps.into_iter().map(|step| (step.kind, step.code)).collect(),
            Asked::Help(help) => panic!("{help}"),
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
    fn plain_sql_is_livys_where_python_would_have_to_start() {
        let two = [(Kind::Sql, "select 1".to_owned()), (Kind::Sql, "select 2".to_owned())];
        assert_eq!(steps("select 1; select 2;", Kind::Sql), two);
        assert_eq!(kinds("%%sql -q\nselect 1", Kind::Spark), [Kind::Sql]);
        assert_eq!(kinds("%%sql -n 5\nselect 1", Kind::Spark), [Kind::Pyspark]);
        assert_eq!(kinds("select {x}", Kind::Sql), [Kind::Pyspark]);
        assert_eq!(kinds("%%sql\nselect 1; -- x", Kind::Pyspark), [Kind::Pyspark]);
        assert_eq!(kinds("%%spark -c sql -o df\nselect 1", Kind::Pyspark), [Kind::Pyspark]);
    }

    #[test]
    fn scala_gets_its_variables_as_scala_has_them() {
        let cell = "%%sql -o rows\nselect {x}";
        assert_eq!(kinds(cell, Kind::Spark), [Kind::Spark, Kind::Sql]);
        let (_, code) = &steps(cell, Kind::Spark)[0];
        assert!(code.starts_with("val rows = ") && code.contains("\"select \" + quote(x)"));
        assert_eq!(kinds("%%sql -q -o rows\nselect 1", Kind::Spark), [Kind::Spark]);
    }

    #[test]
    fn what_a_person_asked_can_be_read_off_the_code() {
        let (_, code) = &steps("%%sql -n 5\nselect *\nfrom {t}", Kind::Pyspark)[0];
        assert_eq!(asked(code).as_deref(), Some("select *\nfrom {t}"));
        assert_eq!(asked("# x\n1"), None);
    }

    #[test]
    fn options_that_make_no_sense_are_told() {
        for (line, word) in [
            ("%%sql -n many", "many"),
            ("%%sql -r 2", "from 0 to 1"),
            ("%%sql -o 1x", "no name of a variable"),
            ("%%sql --chart donut", "bar"),
            ("%%scala --frobnicate", "--frobnicate"),
        ] {
            let failure = plan(&source::read(line, Kind::Pyspark), Kind::Pyspark).unwrap_err();
            let told = failure.traceback.join("\n");
            assert!(failure.ename == "UsageError" && told.contains(word), "{told}");
        }
    }

    #[test]
    fn help_is_given_where_it_is_asked_for() {
        let asked = plan(&source::read("%%sql --help\nx", Kind::Spark), Kind::Spark).unwrap();
        assert!(matches!(asked, Asked::Help(help) if help.contains("--maxrows")));
    }
}
