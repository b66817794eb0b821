//! The magics: which there are, and what each does.

use crate::{cursor::Cursor, kind::Kind};

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

/// Where a magic or what follows it is being typed: the text to replace, and what may stand there.
pub fn complete<'c>(cursor: &Cursor<'c>, kind: Kind) -> Option<(&'c str, Vec<String>)> {
    let typed = typed(cursor)?;
    let (word, known): (&str, Vec<&str>) = match typed.split_once(char::is_whitespace) {
        None => {
            let fits = |magic: &&Magic| magic.fits(cursor, kind);
            (typed, MAGICS.iter().filter(fits).map(|magic| magic.name).collect())
        }
        Some((name, arguments)) => {
            let magic = named(name);
            // What Livy's magics show is code, which Livy completes.
            if magic.is_some_and(|magic| magic.kind.is_none() && magic.arguments.is_empty()) {
                return None;
            }
            let word = arguments.rsplit(char::is_whitespace).next().unwrap_or_default();
            (word, magic.map(|magic| magic.arguments.to_vec()).unwrap_or_default())
        }
    };
    let begun = word.to_ascii_lowercase();
    let matches = known.into_iter().filter(|name| name.starts_with(&begun));
    Some((word, matches.map(str::to_owned).collect()))
}

/// The magic that the cursor is in, or right behind.
pub fn at(cursor: &Cursor<'_>) -> Option<&'static Magic> {
    let begun = typed(cursor).filter(|typed| !typed.contains(char::is_whitespace))?;
    let rest = cursor.after.split(char::is_whitespace).next().unwrap_or_default();
    named(&format!("{begun}{rest}"))
}

/// The line up to the cursor, if it is a magic's: one that chooses a language may be indented.
fn typed<'c>(cursor: &Cursor<'c>) -> Option<&'c str> {
    let line = cursor.line();
    let indented = cursor.is_in_the_first_line().then(|| line.trim_start());
    indented.filter(|line| line.starts_with("%%")).or(line.starts_with('%').then_some(line))
}

impl Magic {
    fn fits(&self, cursor: &Cursor<'_>, kind: Kind) -> bool {
        match self.kind {
            Some(_) => cursor.is_in_the_first_line(),
            None => matches!(kind, Kind::Pyspark | Kind::Spark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, kind: Kind, expected: Option<(&str, &[&str])>) {
        let cursor = Cursor::at(code, i64::MAX);
        let found = complete(&cursor, kind);
        let found = found.as_ref().map(|(word, matches)| (*word, matches.as_slice()));
        match (found, expected) {
            (Some((word, matches)), Some(expected)) => {
                assert_eq!(
                    (word, matches),
                    (
                        expected.0,
                        &expected.1.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..]
                    ),
                    "{code:?}"
                );
            }
            (None, None) => {}
            (found, _) => panic!("{code:?}: {found:?}"),
        }
    }

    #[test]
    fn magics_are_completed_where_they_can_stand() {
        check("%%s", Kind::Pyspark, Some(("%%s", &["%%spark", "%%scala", "%%sparkr", "%%sql"])));
        check("\n  %%SQ", Kind::Sql, Some(("%%SQ", &["%%sql"])));
        check("x\n%%s", Kind::Pyspark, Some(("%%s", &[])));
        check("x\n%j", Kind::Pyspark, Some(("%j", &["%json"])));
        check("x\n%j", Kind::Sql, Some(("%j", &[])));
        check("x %j", Kind::Pyspark, None);
        check("x", Kind::Pyspark, None);
    }

    #[test]
    fn so_is_what_follows_them() {
        check("%matplot p", Kind::Pyspark, Some(("p", &["plt"])));
        check("%matplot ", Kind::Pyspark, Some(("", &["plt"])));
        check("%%sql d", Kind::Pyspark, Some(("d", &[])));
        check("%json d", Kind::Pyspark, None);
    }

    #[test]
    fn the_magic_at_the_cursor_is_the_whole_word() {
        let at = |code, position| at(&Cursor::at(code, position)).map(|magic| magic.name);
        assert_eq!(at("%%sql\nselect 1", 3), Some("%%sql"));
        assert_eq!(at("%%sql\nselect 1", 5), Some("%%sql"));
        assert_eq!(at("%%sql\nselect 1", 9), None);
        assert_eq!(at("%table rows", 2), Some("%table"));
        assert_eq!(at("%table rows", 9), None);
        assert_eq!(at("%%nobody", 3), None);
    }

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
