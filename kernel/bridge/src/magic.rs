//! The magics: which there are, and what each does.

use crate::{cursor::Cursor, kind::Kind};

/// A word that begins with `%`, on a line of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Magic {
    /// With its percent signs.
    pub name: &'static str,
    /// Who carries it out.
    pub by: By,
    /// What can follow, as far as that is known.
    pub arguments: &'static [&'static str],
    /// What it does, to a person.
    pub help: &'static str,
}

/// Who carries a magic out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It only chooses the language of the cell that it begins.
    Language(Kind),
    /// The kernel, as a part of a cell in its own language.
    Cell,
    /// Livy, in Python and Scala.
    Livy,
    /// The agent in the session's Python.
    Agent,
    /// The kernel, where it is all of a cell.
    Kernel,
}

const fn language(
    name: &'static str,
    kind: Kind,
    arguments: &'static [&'static str],
    help: &'static str,
) -> Magic {
    Magic { name, by: By::Language(kind), arguments, help }
}

const fn livy(name: &'static str, arguments: &'static [&'static str], help: &'static str) -> Magic {
    Magic { name, by: By::Livy, arguments, help }
}

const fn kernel(
    name: &'static str,
    arguments: &'static [&'static str],
    help: &'static str,
) -> Magic {
    Magic { name, by: By::Kernel, arguments, help }
}

const fn agent(name: &'static str, help: &'static str) -> Magic {
    Magic { name, by: By::Agent, arguments: &[], help }
}

const PYTHON: &str = "The cell is Python, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const SCALA: &str = "The cell is Scala, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const R: &str = "The cell is R, whatever the notebook is.\n\
    It runs in the same session: tables and temporary views are shared, variables are not.";
const SQL: &str = "The cell is SQL, whatever the notebook is: statements with `;` between them, each with its table.\n\
    It runs in the same session, so it can ask temporary views of the other languages, and `{name}` is a \
    variable, quoted as SQL wants it. `-n ROWS` shows more or fewer than 1,000 rows (-1: as many as there is \
    room for), `-o NAME` keeps them in a variable, `-q` shows nothing, `-m sample -r FRACTION` takes a sample, \
    `--chart [KIND] -x COLUMN -y COLUMN` draws them. `%%sql --help` tells all.";
const SQL_OPTIONS: &[&str] = &[
    "--output",
    "--maxrows",
    "--samplemethod",
    "--samplefraction",
    "--quiet",
    "--chart",
    "--color",
    "--agg",
    "--help",
    "bar",
    "line",
    "area",
    "scatter",
    "pie",
    "hist",
];

/// All of them.
pub const MAGICS: &[Magic] = &[
    language("%%pyspark", Kind::Pyspark, &[], PYTHON),
    language("%%python", Kind::Pyspark, &[], PYTHON),
    language("%%spark", Kind::Spark, &[], SCALA),
    language("%%scala", Kind::Spark, &[], SCALA),
    language("%%sparkr", Kind::Sparkr, &[], R),
    language("%%r", Kind::Sparkr, &[], R),
    language("%%sql", Kind::Sql, SQL_OPTIONS, SQL),
    Magic {
        name: "%%pretty",
        by: By::Cell,
        arguments: &[],
        help: "Is accepted for notebooks that have it: the cell runs as it would without, and tables are pretty.",
    },
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
    kernel("%info", &[], "The session, its server, and which abilities are on. Alone in its cell."),
    kernel(
        "%logs",
        &["--lines", "--follow"],
        "`%logs [-n NUMBER]` shows the end of the session's log; with `-f`, all that comes. Alone in its cell.",
    ),
    kernel(
        "%%configure",
        &["--force", "--merge"],
        "`%%configure [-f] [-m]` and a JSON object: what the sessions to come get, in Livy's words: \
         driverMemory, executorCores, conf, jars, name, … `-f` ends the session that there is, `-m` adds \
         to what was configured before.",
    ),
    kernel(
        "%%batch",
        &["--follow"],
        "`%%batch [-f]` and a JSON object submit a Spark application that runs by itself, in Livy's words: \
         file, args, className, conf, …; `-f` shows its log until it ends.",
    ),
    kernel(
        "%sessions",
        &["--all"],
        "The sessions that kernels like this have on the server, with `--all` everybody's. Alone in its cell.",
    ),
    kernel(
        "%delete",
        &["--force", "--session"],
        "`%delete -f -s SESSION` ends a session that is not this notebook's, by its id or name. Alone in its cell.",
    ),
    kernel(
        "%cleanup",
        &["--force"],
        "`%cleanup -f` ends this notebook's session, and those of yours whose kernel is gone. Alone in its cell.",
    ),
    Magic {
        name: "%chart",
        by: By::Cell,
        arguments: &["bar", "line", "area", "scatter", "pie", "hist", "--color", "--agg", "--help"],
        help: "`%chart NAME [KIND] [-x COLUMN] [-y COLUMN]` draws the rows of a variable; `%chart --help` tells \
               all. Alone in its cell.",
    },
    kernel("%spark_ui", &[], "Where Spark tells of the session's jobs. Alone in its cell."),
    kernel("%%local", &[], "Is not done here: all cells run in the session. Leave the line away."),
    kernel(
        "%send_to_spark",
        &[],
        "Is not done here, since nothing need be sent: all cells run in the session.",
    ),
    kernel(
        "%manage_spark",
        &[],
        "Is not done here: see %sessions, %attach, %delete and %cleanup, and the settings.",
    ),
    kernel("%help", &[], "All magics, and what they do. Alone in its cell."),
    kernel("%lsmagic", &[], "The names of all magics. Alone in its cell."),
    kernel(
        "%attach",
        &[],
        "`%attach SESSION` runs the cells in a session that is there, by its id or name. Alone in its cell.",
    ),
    kernel(
        "%detach",
        &[],
        "Leaves the session as it is; the next cell starts another. Alone in its cell.",
    ),
    kernel(
        "%replay",
        &["--statements"],
        "`%replay [-n NUMBER]` shows the newest statements of the session and what they gave, whoever ran them. Alone in its cell.",
    ),
    agent("%cd", "`%cd FOLDER` goes to another folder of the driver."),
    agent("%debug-log", "Shows the newest traceback whole, with Java's stack."),
    agent(
        "%env",
        "`%env` shows the driver's environment, `%env NAME` a variable of it, `%env NAME=VALUE` sets one.",
    ),
    agent(
        "%load_ext",
        "Is accepted for notebooks that have it: the session runs without IPython, so there are no extensions.",
    ),
    agent("%ls", "`%ls FOLDER` lists a folder of the driver."),
    agent("%matplotlib", "`%matplotlib inline` is accepted: figures are always shown inline."),
    agent("%pwd", "The driver's current folder."),
    agent("%reset", "`%reset -f` forgets all variables of the session."),
    agent("%run", "`%run FILE.py` runs a file of the driver's in the session."),
    agent("%set_env", "`%set_env NAME=VALUE` sets a variable of the driver's environment."),
    agent(
        "%sx",
        "`lines = %sx COMMAND` runs a command at the driver and keeps what it prints, as `!` does.",
    ),
    agent("%system", "`%system COMMAND` runs a command at the driver, as `!COMMAND` does."),
    agent("%time", "`%time CODE` runs code and tells how long it took."),
    agent(
        "%timeit",
        "`%timeit [-n LOOPS] [-r RUNS] CODE` runs code many times and tells how long it takes.",
    ),
    agent("%who", "`%who [TYPE …]` lists the variables."),
    agent("%who_ls", "`%who_ls [TYPE …]` is a list of the variables' names."),
    agent("%whos", "`%whos [TYPE …]` lists the variables with what they are."),
    agent("%%bash", "Runs the cell at the driver, in bash."),
    agent(
        "%%capture",
        "`%%capture NAME` runs the cell and keeps what it prints: `NAME.stdout`, `NAME.stderr`.",
    ),
    agent("%%html", "Shows the cell as HTML."),
    agent("%%javascript", "Shows the cell as JavaScript, which frontends run if they allow it."),
    agent("%%js", "Shows the cell as JavaScript, which frontends run if they allow it."),
    agent("%%latex", "Shows the cell as LaTeX."),
    agent("%%markdown", "Shows the cell as Markdown."),
    agent("%%sh", "Runs the cell at the driver, in sh."),
    agent("%%svg", "Shows the cell as an SVG image."),
    agent("%%time", "Tells how long the cell takes."),
    agent(
        "%%timeit",
        "`%%timeit [-n LOOPS] [-r RUNS] [SETUP]` runs the cell many times and tells how long it takes.",
    ),
    agent("%%writefile", "`%%writefile [-a] FILE` writes the cell to a file at the driver."),
];

/// The magic of this name, in any case.
pub fn named(name: &str) -> Option<&'static Magic> {
    MAGICS.iter().find(|magic| magic.name.eq_ignore_ascii_case(name))
}

/// Whether this line is a magic, and so nothing of the cell's language.
pub fn is_line_magic(line: &str) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    line.starts_with('%') && named(name).is_some_and(|magic| !magic.begins_code())
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
            // What most magics take is code, which Livy or the agent completes.
            if magic.is_some_and(Magic::takes_code) {
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
    /// The language of the cell that it begins.
    pub fn language(&self, kernel: Kind) -> Option<Kind> {
        match self.by {
            By::Language(kind) => Some(kind),
            By::Cell => Some(kernel),
            By::Livy | By::Agent | By::Kernel => None,
        }
    }

    fn begins_code(&self) -> bool {
        matches!(self.by, By::Language(_) | By::Cell)
    }

    fn takes_code(&self) -> bool {
        !self.begins_code() && self.arguments.is_empty()
    }

    fn fits(&self, cursor: &Cursor<'_>, kind: Kind) -> bool {
        let may_stand = !self.name.starts_with("%%") || cursor.is_in_the_first_line();
        may_stand
            && match self.by {
                By::Language(_) | By::Cell | By::Kernel => true,
                By::Livy => matches!(kind, Kind::Pyspark | Kind::Spark),
                By::Agent => kind == Kind::Pyspark,
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
        check("%%s", Kind::Spark, Some(("%%s", &["%%spark", "%%scala", "%%sparkr", "%%sql"])));
        check("%%sv", Kind::Pyspark, Some(("%%sv", &["%%svg"])));
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
        assert_eq!(named("%%SQL").and_then(|sql| sql.language(Kind::Spark)), Some(Kind::Sql));
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
