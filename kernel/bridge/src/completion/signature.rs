//! Describes a name in Scala by its static type. Scala's reflection finds that without evaluating
//! anything.

use crate::{
    completion::hidden_statement, kind::Kind, language::cursor::Cursor,
    session::handle::SessionHandle,
};

/// The name at the cursor with its type or signature.
pub async fn describe(handle: &SessionHandle, cursor: &Cursor<'_>) -> Option<String> {
    let path = path_at(cursor)?;
    for code in queries(&path) {
        if let Some(data) = hidden_statement::run(handle, Kind::Spark, code).await {
            let answer = answer(data.get("text/plain")?.as_str()?);
            return (!answer.is_empty()).then(|| format!("{path}: {answer}"));
        }
    }
    None
}

/// The dotted name up to the end of the word that the cursor is in.
fn path_at(cursor: &Cursor<'_>) -> Option<String> {
    let (before, _) = cursor.around_the_word();
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let start = before.trim_end_matches(is_path).len();
    let path = format!("{}{}", &before[start..], cursor.whole_word());
    let is_name = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    path.split('.').all(is_name).then_some(path)
}

/// Code that prints the type, in the order in which it is tried. `val _` leaves no name behind and
/// does not advance `res1`; an unused parameter `=> T` is not evaluated.
fn queries(path: &str) -> Vec<String> {
    let within = "import scala.reflect.runtime.universe._; def t[T: TypeTag](f: => T) = typeOf[T]";
    let print = |expression: String| format!("val _ = println({{ {within}; {expression} }})");
    let value = print(format!("t({path})"));
    let function = print(format!("t({path} _)"));
    match path.rsplit_once('.') {
        None => vec![value, function],
        Some((of, name)) => {
            let each = "m.alternatives.map(a => a.typeSignatureIn(o).toString).mkString(\"\\n\")";
            let member = format!(
                "val o = t({of}).widen; val m = o.member(TermName(\"{name}\")); \
                 if (m == NoSymbol) \"\" else {each}"
            );
            vec![print(member), value]
        }
    }
}

/// What the code printed, without the REPL's own line.
fn answer(text: &str) -> String {
    let lines = text.lines().filter(|line| *line != "_: Unit = ()");
    lines.map(|line| line.strip_prefix("=> ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, path: Option<&str>) {
        let (before, after) = code.split_once('|').unwrap();
        assert_eq!(path_at(&Cursor { before, after }).as_deref(), path, "{code}");
    }

    #[test]
    fn only_plain_names_are_asked_for() {
        check("val x = spark.ra|nge(3)", Some("spark.range"));
        check("größe|", Some("größe"));
        check("f(x).ma|p", None);
        check("1.to|Int", None);
        check(" | ", None);
    }

    #[test]
    fn the_repls_own_line_is_left_out() {
        assert_eq!(answer("=> Int\n_: Unit = ()\n"), "Int");
        assert_eq!(
            answer("(a: Int)String\n(b: Int)Int\n_: Unit = ()\n"),
            "(a: Int)String\n(b: Int)Int"
        );
    }
}
