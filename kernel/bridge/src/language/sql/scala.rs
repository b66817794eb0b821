//! Writes a query as Scala code that makes a view of the rows. A second statement, of Livy's SQL or of
//! Python, reads the view.

use crate::{
    error::CellError,
    language::{python_literal::literal, sql::statements::Statement},
};

/// The name of the view.
pub const VIEW: &str = "livy_kernel_view";

/// How the code ends that makes the view of a value.
const END_OF_ROWS: &str = "\n}.toDF().createOrReplaceTempView(\"livy_kernel_view\")";
const END_OF_QUERY: &str = ").createOrReplaceTempView(\"livy_kernel_view\"";
/// What the compiler says of a value that is no DataFrame and cannot become one.
const NO_ROWS: &str = "error: value toDF is not a member of ";

/// What Spark says of a collection of values that have no columns.
const NO_COLUMNS: &str = "[ENCODER_NOT_FOUND]";
const DATASET: &str = "org.apache.spark.sql.Dataset";
/// Begins a statement that takes no name such as `res0`.
const NAMELESS: &str = "val () =";

/// A Scala function that writes a value as a literal of SQL.
const QUOTE_FUNCTION: &str = r#"def quote(value: Any): String = value match {
    case null | None => "NULL"
    case Some(value) => quote(value)
    case text: String if text.forall(c => c >= ' ' && c < '\u007f' && !"'\\$".contains(c)) => "'" + text + "'"
    case text: String => "decode(X'" + text.getBytes("UTF-8").map(b => f"$b%02x").mkString + "', 'UTF-8')"
    case letter: Char => quote(letter.toString)
    case number: BigDecimal => number.bigDecimal.toPlainString + "BD"
    case number: java.math.BigDecimal => number.toPlainString + "BD"
    case number @ (_: Float | _: Double) => "double('" + number + "')"
    case plain @ (_: Boolean | _: Byte | _: Short | _: Int | _: Long | _: BigInt) => plain.toString
    case date @ (_: java.sql.Date | _: java.time.LocalDate) => "DATE'" + date + "'"
    case time @ (_: java.sql.Timestamp | _: java.time.Instant) => "TIMESTAMP'" + time + "'"
    case bytes: Array[Byte] => "X'" + bytes.map(b => f"$b%02x").mkString + "'"
    case values: Array[_] => quote(values.toSeq)
    case values: Iterable[_] if values.isEmpty => "(NULL)"
    case values: Iterable[_] => values.map(quote).mkString("(", ", ", ")")
    case rows: org.apache.spark.sql.Dataset[_] =>
      val view = "livy_kernel_view_" + Integer.toHexString(System.identityHashCode(rows))
      rows.createOrReplaceTempView(view)
      view
    case other => throw new IllegalArgumentException(
      "a " + other.getClass.getSimpleName + " has no literal in SQL: use a number, text, a time, a collection of these, or a DataFrame")
  }"#;

/// Code that makes the view of a statement's rows, and keeps the rows in a variable if one is named.
pub fn create_view(statement: &Statement, variable: Option<&str>) -> String {
    let parts = statement.0.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => literal(part),
        _ => format!("quote({part})"),
    });
    let text = parts.collect::<Vec<_>>().join(" + ");
    let quote = if statement.has_variables() { QUOTE_FUNCTION } else { "" };
    match variable {
        Some(name) => format!(
            "val {name} = {{\n  {quote}\n  spark.sql({text})\n}}\n{name}.createOrReplaceTempView(\"{VIEW}\")"
        ),
        None => {
            format!(
                "{NAMELESS} {{\n  {quote}\n  spark.sql({text}).createOrReplaceTempView(\"{VIEW}\")\n}}"
            )
        }
    }
}

/// Code that makes the view of the rows that an expression gives. The expression has its own lines, which
/// are what the compiler quotes if they are wrong.
pub fn create_view_of(expression: &str) -> String {
    format!("{NAMELESS} {{\n{expression}{END_OF_ROWS}")
}

/// Code that makes a variable of a view, or of the text that the kernel's view has.
pub fn variable_of_view(name: &str, is_table: bool) -> String {
    match is_table {
        true => format!("val {name} = spark.table({})", literal(name)),
        false => format!("val {name} = spark.table(\"{VIEW}\").head.getString(0)"),
    }
}

/// The same for a DataFrame or a Dataset alone, and for nothing that could become one.
pub fn create_view_of_dataset(expression: &str) -> String {
    format!("{NAMELESS} identity[{DATASET}[_]] {{\n{expression}{END_OF_ROWS}")
}

/// What the user has asked for by a statement that makes the view.
pub fn original(code: &str) -> Option<String> {
    let shown = code.strip_suffix(END_OF_ROWS).and_then(|code| code.split_once("{\n"));
    let query = || code.split_once("  spark.sql(")?.1.lines().next()?.rsplit_once(')');
    let asked = || query().filter(|_| code.contains(VIEW)).map(|(text, _)| text);
    let is_query = |text: &str| text.strip_suffix(END_OF_QUERY).unwrap_or(text).to_owned();
    shown
        .map(|(_, expression)| format!("display({})", expression.trim()))
        .or_else(|| asked().map(|text| format!("spark.sql({})", is_query(text))))
}

/// What the user has asked for by this query: those of the view are for the statement above.
pub fn original_rows(query: String) -> String {
    if query.contains(VIEW) { "its rows".to_owned() } else { query }
}

/// Whether a statement that makes the view has failed since the value has no rows.
pub fn has_no_rows(failure: &CellError) -> bool {
    let is_no_dataset = format!(" required: {DATASET}[_]");
    failure.evalue.contains(NO_ROWS)
        || failure.evalue.contains(NO_COLUMNS)
        || failure.traceback.contains(&is_no_dataset)
}

/// The error of a statement that makes the view, without the kernel's code.
pub fn view_failure(failure: CellError) -> CellError {
    if has_no_rows(&failure) {
        let of_type = match failure.evalue.split_once(NO_ROWS) {
            Some((_, type_name)) => format!("a value of the type {type_name}"),
            None => "a value of this type".to_owned(),
        };
        return CellError::new(
            "UsageError",
            format!("{of_type} has no rows to show"),
            "A DataFrame, a Dataset, and a Seq of tuples or of case classes have. To see another value, write it \
             as the last line of a cell.",
        );
    }
    let traceback = without_kernels_code(failure.traceback);
    let evalue = without_place(failure.evalue);
    CellError { traceback, evalue, ..failure }
}

/// The compiler quotes a line above a line with a caret, and a stack has frames of the view's code.
fn without_kernels_code(lines: Vec<String>) -> Vec<String> {
    let is_kernels = |line: &str| line.contains(VIEW) || line.contains("quote(");
    let mut shown: Vec<String> = Vec::new();
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some_and(|below| below.trim() == "^") && is_kernels(&line) {
            lines.next();
        } else if !line.contains("(<console>:") {
            shown.push(without_place(line));
        }
    }
    shown
}

/// `error: not found: value x` of `<console>:25: error: not found: value x`
fn without_place(line: String) -> String {
    let place = line.strip_prefix("<console>:").and_then(|rest| rest.split_once(": "));
    place.map(|(_, message)| message.to_owned()).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(lines: &[&str]) -> CellError {
        let traceback: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        CellError { ename: "Error".into(), evalue: traceback[0].clone(), traceback }
    }

    #[test]
    fn a_value_without_rows_is_told_in_plain_words() {
        let failure = failure(&[
            "<console>:26: error: value toDF is not a member of List[Any]",
            "       }.toDF().createOrReplaceTempView(\"livy_kernel_view\")",
            "         ^",
        ]);
        assert!(has_no_rows(&failure));
        let told = view_failure(failure).traceback.join("\n");
        assert!(told.contains("List[Any] has no rows to show") && !told.contains("toDF"), "{told}");
    }

    #[test]
    fn a_value_that_livy_may_show_is_none_of_spark() {
        let list = failure(&[
            "cell:1: error: type mismatch;",
            " found   : List[List[Any]]",
            " required: org.apache.spark.sql.Dataset[_]",
            "       rows",
            "       ^",
        ]);
        assert!(has_no_rows(&list));
        assert!(has_no_rows(&failure(&["SparkException: [ENCODER_NOT_FOUND] Not found"])));
        assert!(!has_no_rows(&failure(&["cell:1: error: not found: value rows"])));
    }

    #[test]
    fn an_error_quotes_the_users_code_alone() {
        let users = ["cell:1: error: value foo is not a member", "       df.foo", "          ^"];
        assert_eq!(view_failure(failure(&users)).traceback, users);
        let kernels = failure(&[
            "<console>:34: error: not found: value nope",
            "         spark.sql(quote(nope)).createOrReplaceTempView(\"livy_kernel_view\")",
            "                         ^",
            "  at quote$1(<console>:25)",
        ]);
        let told = view_failure(kernels);
        assert_eq!(told.traceback, ["error: not found: value nope"]);
        assert_eq!(told.evalue, told.traceback[0]);
    }

    #[test]
    fn what_was_asked_for_is_known_from_the_code() {
        assert_eq!(
            original(&create_view_of("df\n  .limit(1)")).unwrap(),
            "display(df\n  .limit(1))"
        );
        assert_eq!(original(&create_view_of_dataset("df")).unwrap(), "display(df)");
        let query = Statement(vec!["SELECT ".into(), "x".into(), "".into()]);
        for variable in [None, Some("rows")] {
            let asked = original(&create_view(&query, variable)).unwrap();
            assert_eq!(asked, "spark.sql(\"SELECT \" + quote(x) + \"\")");
        }
        assert_eq!(original("spark.sql(\"SELECT 1\")\n"), None);
        assert_eq!(original_rows(format!("SELECT * FROM {VIEW}")), "its rows");
    }
}
