//! The magics: which there are, and what each does.

use crate::kind::Kind;

/// A word that begins with `%`, on a line of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Magic {
    /// With its percent signs.
    pub name: &'static str,
    /// The language of the cell that it begins; without one Livy carries it out.
    pub kind: Option<Kind>,
    /// What can follow, as far as that is known.
    pub arguments: &'static [&'static str],
    /// What it does, to a person.
    pub help: &'static str,
}

const fn language(name: &'static str, kind: Kind, help: &'static str) -> Magic {
    Magic { name, kind: Some(kind), arguments: &[], help }
}

const fn livy(name: &'static str, arguments: &'static [&'static str], help: &'static str) -> Magic {
    Magic { name, kind: None, arguments, help }
}

const PYTHON: &str = "The cell is Python, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const SCALA: &str = "The cell is Scala, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const R: &str = "The cell is R, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const SQL: &str = "The cell is SQL, whatever the notebook is; its rows, 1,000 at most, are shown as a table.\n\
    It runs in the same session, so it can ask temporary views of the other languages.";

/// All of them.
pub const MAGICS: [Magic; 10] = [
    language("%%pyspark", Kind::Pyspark, PYTHON),
    language("%%python", Kind::Pyspark, PYTHON),
    language("%%spark", Kind::Spark, SCALA),
    language("%%scala", Kind::Spark, SCALA),
    language("%%sparkr", Kind::Sparkr, R),
    language("%%r", Kind::Sparkr, R),
    language("%%sql", Kind::Sql, SQL),
    livy(
        "%json",
        &[],
        "`%json NAME` shows a variable as JSON. Livy does it; for Python and Scala.",
    ),
    livy("%table", &[], "`%table NAME` shows rows as a table. Livy does it; for Python and Scala."),
    livy(
        "%matplot",
        &["plt"],
        "`%matplot plt` shows the figure that Matplotlib has drawn. Livy does it; for Python.",
    ),
];

/// The magic of this name, in any case.
pub fn named(name: &str) -> Option<&'static Magic> {
    MAGICS.iter().find(|magic| magic.name.eq_ignore_ascii_case(name))
}

/// Whether Livy takes this line for a magic of its own.
pub fn is_line_magic(line: &str) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    line.starts_with('%') && named(name).is_some_and(|magic| magic.kind.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_magic_is_found_by_its_name_in_any_case() {
        assert_eq!(named("%%SQL").and_then(|magic| magic.kind), Some(Kind::Sql));
        assert_eq!(named("%sql"), None);
    }

    #[test]
    fn a_line_magic_begins_its_line() {
        assert!(is_line_magic("%json x"));
        assert!(!is_line_magic(" %json x"));
        assert!(!is_line_magic("%%sql"));
        assert!(!is_line_magic("%jsonx"));
    }
}
