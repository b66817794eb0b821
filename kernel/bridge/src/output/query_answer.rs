//! The answer of the session's Python to a query: rows, how to draw them, or an error.
//! `agent/python/tabular.py` writes it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::CellError,
    kind::Kind,
    output::{
        cell_output::{CellOutput, HTML, JSON, PLAIN, ROWS},
        chart::{self, ChartSpec},
        row_count::row_count,
        table::{self, Column, Table},
        traceback::statement_error,
    },
};

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "livy_kernel")]
    _version: u32,
    #[serde(default)]
    error: Option<(String, String)>,
    #[serde(default)]
    columns: Vec<(String, String)>,
    #[serde(default)]
    rows: Value,
    /// Whether the query has more rows than these.
    #[serde(default)]
    more: bool,
    /// How many rows the query has, if they could be counted in time.
    #[serde(default)]
    total: Option<usize>,
    /// What the variable of `-o` holds.
    #[serde(default)]
    kept: Option<Kept>,
    #[serde(default)]
    quiet: bool,
    #[serde(default)]
    chart: Option<ChartSpec>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Kept {
    #[serde(rename = "pandas")]
    Pandas,
    Spark,
}

/// Renders `data` if it is such an answer.
pub fn render(data: &Map<String, Value>) -> Option<Result<Vec<CellOutput>, CellError>> {
    let json = data.get(JSON).filter(|json| json.is_object())?;
    let answer: Answer = serde_json::from_value(json.clone()).ok()?;
    Some(match answer.error {
        Some((ename, evalue)) => Err(statement_error(Kind::Sql, "", ename, evalue, &[])),
        None => Ok(shown(answer)),
    })
}

/// Turns the rows in a display's bundle into a table.
pub fn with_table(mut data: Map<String, Value>) -> Map<String, Value> {
    let table = data.remove(ROWS).and_then(|rows| serde_json::from_value::<Answer>(rows).ok());
    if let Some(answer) = table {
        data.extend(bundle(&table_of(answer)));
    }
    data
}

fn shown(answer: Answer) -> Vec<CellOutput> {
    let no_pandas = (answer.kept == Some(Kept::Spark))
        .then(|| "The driver has no pandas, so the variable is a Spark DataFrame.\n".to_owned());
    let warning = no_pandas.map(CellOutput::Warning).into_iter();
    if answer.quiet || answer.columns.is_empty() {
        return warning.collect();
    }
    let (chart, is_cut) = (answer.chart.clone(), answer.more);
    let table = table_of(answer);
    let data = match chart {
        Some(chart) => chart::bundle(&chart, &table, is_cut),
        None => bundle(&table),
    };
    warning.chain([CellOutput::Result(data)]).collect()
}

/// The table as HTML and as text.
pub fn bundle(table: &Table) -> Map<String, Value> {
    Map::from_iter([
        (HTML.to_owned(), table.to_html().into()),
        (PLAIN.to_owned(), table.to_text().into()),
    ])
}

fn table_of(answer: Answer) -> Table {
    let rows = table::rows(&answer.rows).unwrap_or_default();
    let note = row_count(rows.len(), answer.more, answer.total);
    let column = |(name, r#type)| Column { name, r#type };
    Table { columns: answer.columns.into_iter().map(column).collect(), rows, note }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown_of(answer: Value) -> Result<Vec<CellOutput>, CellError> {
        render(&Map::from_iter([(JSON.to_owned(), answer)])).expect("an answer")
    }

    fn text_of(answer: Value) -> String {
        match &shown_of(answer).unwrap()[..] {
            [CellOutput::Result(data)] => data[PLAIN].as_str().unwrap().to_owned(),
            other => panic!("one result was expected: {other:?}"),
        }
    }

    #[test]
    fn rows_that_were_cut_say_so() {
        let (columns, rows) = (json!([["id", "bigint"]]), json!([[1], [2]]));
        let all = json!({"livy_kernel": 1, "columns": columns, "rows": rows});
        assert!(text_of(all.clone()).ends_with("2 rows"));
        let mut some = all;
        some["more"] = true.into();
        assert!(text_of(some.clone()).ends_with("2 rows; there are more"));
        some["total"] = 1_200_000.into();
        assert!(text_of(some).ends_with("2 of 1,200,000 rows"));
    }

    #[test]
    fn quiet_answers_and_those_without_columns_show_nothing() {
        assert_eq!(shown_of(json!({"livy_kernel": 1, "columns": [], "rows": []})), Ok(vec![]));
        let quiet =
            json!({"livy_kernel": 1, "columns": [["a", "int"]], "rows": [[1]], "quiet": true});
        assert_eq!(shown_of(quiet), Ok(vec![]));
    }

    #[test]
    fn an_error_is_one() {
        let failure = shown_of(json!({"livy_kernel": 1, "error": ["NameError", "no x"]}));
        assert_eq!(failure.unwrap_err().ename, "NameError");
    }

    #[test]
    fn other_json_is_not_taken_for_an_answer() {
        for other in [json!({"a": 1}), json!([1]), json!({"livy_kernel": "x"})] {
            assert!(render(&Map::from_iter([(JSON.to_owned(), other)])).is_none());
        }
    }
}
