//! Writes a query as Scala code that makes a view of the rows. A second statement, of Livy's SQL or of
//! Python, reads the view.

use crate::language::{python_literal::literal, sql::statements::Statement};

/// The name of the view.
pub const VIEW: &str = "livy_kernel_view";

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
            format!("{{\n  {quote}\n  spark.sql({text}).createOrReplaceTempView(\"{VIEW}\")\n}}")
        }
    }
}

/// Code that makes the view of the rows that an expression gives. The expression has its own lines, which
/// are what the compiler quotes if they are wrong.
pub fn create_view_of(expression: &str) -> String {
    format!("{{\n{expression}\n}}.toDF().createOrReplaceTempView(\"{VIEW}\")")
}
