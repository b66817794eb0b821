//! What a name in Scala is: its static type, by Scala's reflection, which evaluates nothing.

use crate::{cursor::Cursor, hidden, kind::Kind, live::Live};

/// What is asked of the name at the cursor, in words.
pub async fn describe(live: &Live, cursor: &Cursor<'_>) -> Option<String> {
    let path = path_at(cursor)?;
    for code in questions(&path) {
        if let Some(data) = hidden::ask(live, Kind::Spark, code).await {
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

/// In the order in which they are to be asked. `val _` leaves no name behind and does not count
/// `res1` up; a parameter `=> T` that is not used is not evaluated.
fn questions(path: &str) -> Vec<String> {
    let within = "import scala.reflect.runtime.universe._; def t[T: TypeTag](f: => T) = typeOf[T]";
    let ask = |what: String| format!("val _ = println({{ {within}; {what} }})");
    let value = ask(format!("t({path})"));
    let function = ask(format!("t({path} _)"));
    match path.rsplit_once('.') {
        None => vec![value, function],
        Some((of, name)) => {
            let each = "m.alternatives.map(a => a.typeSignatureIn(o).toString).mkString(\"\\n\")";
            let member = format!(
                "val o = t({of}).widen; val m = o.member(TermName(\"{name}\")); \
                 if (m == NoSymbol) \"\" else {each}"
            );
            vec![ask(member), value]
        }
    }
}

/// What was printed, without the REPL's own word.
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
    fn the_repls_own_word_is_left_out() {
        assert_eq!(answer("=> Int\n_: Unit = ()\n"), "Int");
        assert_eq!(
            answer("(a: Int)String\n(b: Int)Int\n_: Unit = ()\n"),
            "(a: Int)String\n(b: Int)Int"
        );
    }
}
