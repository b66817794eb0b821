//! The table of all magics: who runs each, and what completion and inspection show of it.

use crate::{
    kind::Kind,
    language::{cursor::Cursor, sql_line},
};

/// A magic: a name at the beginning of a line, with `%` or `%%`.
#[derive(Debug, PartialEq, Eq)]
pub struct Magic {
    /// The name, with its percent signs.
    pub name: &'static str,
    /// Decides where the magic may stand, and in which languages.
    pub by: RunBy,
    /// Words that completion offers after the name.
    pub arguments: &'static [&'static str],
    /// What the magic does, which users read.
    pub help: &'static str,
}

/// Who runs a magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunBy {
    /// Nobody: it chooses the language of the cell below it.
    Language(Kind),
    /// The kernel, together with the cell, which is in the kernel's language.
    Cell,
    /// Livy, in Python and Scala cells.
    Livy,
    /// The agent, in Python cells.
    Agent,
    /// The kernel, without Spark; the cell has nothing else.
    Kernel,
}

const fn language(
    name: &'static str,
    kind: Kind,
    arguments: &'static [&'static str],
    help: &'static str,
) -> Magic {
    Magic { name, by: RunBy::Language(kind), arguments, help }
}

const fn livy(name: &'static str, arguments: &'static [&'static str], help: &'static str) -> Magic {
    Magic { name, by: RunBy::Livy, arguments, help }
}

const fn kernel(
    name: &'static str,
    arguments: &'static [&'static str],
    help: &'static str,
) -> Magic {
    Magic { name, by: RunBy::Kernel, arguments, help }
}

const fn agent(name: &'static str, help: &'static str) -> Magic {
    Magic { name, by: RunBy::Agent, arguments: &[], help }
}

/// Help on the magic of one language.
macro_rules! language_help {
    ($language:literal) => {
        concat!(
            "Runs the cell as ",
            $language,
            ", whatever the notebook's language is.\n\
             All languages share one session with its tables and temporary views, but not their variables."
        )
    };
}

const PYTHON: &str = language_help!("Python");
const SCALA: &str = language_help!("Scala");
const R: &str = language_help!("R");
const SQL: &str = "Runs the cell as SQL, whatever the notebook's language is. A cell may have several statements, \
    with `;` between them, and shows a table for each.\n\
    All languages share one session, so a query can use their temporary views. `{name}` inserts a variable as a \
    quoted value. `-n ROWS` shows more or fewer than 1,000 rows (-1: as many as fit), `-o NAME` keeps the rows in a \
    variable, `-q` shows nothing, `-m sample -r FRACTION` takes a sample, `--chart [KIND] -x COLUMN -y COLUMN` \
    draws a chart. `%%sql --help` lists all options.";
const SQL_OPTIONS: &[&str] = &[
    "--output",
    "--local",
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

/// All magics, in the order in which `%help` lists them.
pub const MAGICS: &[Magic] = &[
    language("%%pyspark", Kind::Pyspark, &[], PYTHON),
    language("%%python", Kind::Pyspark, &[], PYTHON),
    language("%%spark", Kind::Spark, &[], SCALA),
    language("%%scala", Kind::Spark, &[], SCALA),
    language("%%scalaspark", Kind::Spark, &[], SCALA),
    language("%%sparkr", Kind::Sparkr, &[], R),
    language("%%r", Kind::Sparkr, &[], R),
    language("%%rspark", Kind::Sparkr, &[], R),
    language("%%sql", Kind::Sql, SQL_OPTIONS, SQL),
    Magic {
        name: "%%pretty",
        by: RunBy::Cell,
        arguments: &[],
        help: "Runs the cell as if this line were not there. Notebooks of sparkmagic have it to format tables, which \
               this kernel always does.",
    },
    Magic {
        name: "%%display",
        by: RunBy::Cell,
        arguments: &[],
        help: "`%%display NAME` shows a DataFrame's rows as a table, as on EMR; in Python, `display(NAME)` does.",
    },
    livy("%json", &[], "`%json NAME` shows a variable as JSON. Works in Python and Scala."),
    livy(
        "%table",
        &[],
        "`%table NAME` shows a variable's rows as a table. Works in Python and Scala.",
    ),
    livy(
        "%matplot",
        &["plt"],
        "`%matplot plt` shows the current Matplotlib figure. Works in Python.",
    ),
    kernel(
        "%info",
        &[],
        "Shows the session, its server, and which features are available. Needs a cell of its own.",
    ),
    kernel(
        "%logs",
        &["--lines", "--follow"],
        "`%logs [-n LINES]` shows the end of the session's log; `-f` follows it until you interrupt the cell. Needs a \
         cell of its own.",
    ),
    kernel(
        "%%configure",
        &["--force", "--merge"],
        "`%%configure [-f] [-m]`, with a JSON object below it, configures the sessions that are started from now on, \
         with the fields of Livy's `POST /sessions`: driverMemory, executorCores, conf, jars, name, … `-f` replaces \
         the current session, `-m` adds to the earlier configuration.",
    ),
    kernel(
        "%%batch",
        &["--follow"],
        "`%%batch [-f]`, with a JSON object below it, submits a Spark application that runs outside of the session, \
         with the fields of Livy's `POST /batches`: file, args, className, conf, … `-f` shows its log until it ends.",
    ),
    kernel(
        "%sessions",
        &["--all"],
        "Lists the sessions that kernels like this one have started on the server; `--all` lists all sessions. Needs \
         a cell of its own.",
    ),
    kernel(
        "%delete",
        &["--force", "--session"],
        "`%delete -f -s SESSION` ends another session, by its id or name. Needs a cell of its own.",
    ),
    kernel(
        "%cleanup",
        &["--force"],
        "`%cleanup -f` ends this notebook's session, and your sessions whose kernels have ended. Needs a cell of its \
         own.",
    ),
    Magic {
        name: "%chart",
        by: RunBy::Cell,
        arguments: &["bar", "line", "area", "scatter", "pie", "hist", "--color", "--agg", "--help"],
        help: "`%chart NAME [KIND] [-x COLUMN] [-y COLUMN]` draws a chart of a variable's rows; `%chart --help` lists \
               all options. Needs a cell of its own.",
    },
    kernel(
        "%spark_ui",
        &[],
        "Shows the address of the Spark UI, which lists the session's jobs. Needs a cell of its own.",
    ),
    kernel(
        "%streams",
        &["stop"],
        "`%streams` lists the streaming queries that run, with their rates and last errors; `%streams stop NAME` ends \
         one, by its name or id. Needs a cell of its own.",
    ),
    kernel(
        "%%local",
        &[],
        "Runs the cell on this machine, in a Python beside the notebook that the first such cell starts. It has \
         variables of its own.",
    ),
    kernel(
        "%upload",
        &["--force"],
        "`%upload PATH [DIR]` copies a file of this machine to the driver, into its current folder or DIR; `-f` \
         replaces one that is there. Needs a cell of its own.",
    ),
    kernel(
        "%download",
        &["--force"],
        "`%download PATH [DIR]` copies a file of the driver to this machine, into the notebook's folder or DIR; `-f` \
         replaces one that is there. Needs a cell of its own.",
    ),
    kernel(
        "%get",
        &[],
        "`%get NAME [as NAME]` brings a variable of the session to the Python of this machine, where `%%local` cells \
         run: a DataFrame as one of pandas, an array, or a plain value. Needs a cell of its own.",
    ),
    kernel(
        "%put",
        &["--as", "spark", "pandas"],
        "`%put NAME [as NAME]` sends a variable of the Python of this machine to the session: a table of pandas, \
         polars or pyarrow as a Spark DataFrame (`--as pandas`: as one of pandas), other values as they are. Needs a \
         cell of its own.",
    ),
    kernel(
        "%%send_to_spark",
        &["--input", "--vartype", "--varname", "--maxrows"],
        "`%%send_to_spark -i NAME -t str|df [-n NAME] [-m ROWS]` sends a text or a DataFrame of the Python of this \
         machine to the session, as sparkmagic does; `%put` sends all else, too.",
    ),
    kernel(
        "%manage_spark",
        &[],
        "Does not work in this kernel. Use %sessions, %attach, %delete and %cleanup, and the kernel's settings.",
    ),
    kernel("%help", &[], "Lists all magics with what they do. Needs a cell of its own."),
    kernel("%lsmagic", &[], "Lists the names of all magics. Needs a cell of its own."),
    kernel(
        "%attach",
        &[],
        "`%attach SESSION` runs the following cells in an existing session, by its id or name. Needs a cell of its own.",
    ),
    kernel(
        "%detach",
        &[],
        "Leaves the session without ending it; the next cell starts another one. Needs a cell of its own.",
    ),
    kernel(
        "%replay",
        &["--statements"],
        "`%replay [-n NUMBER]` shows the newest statements of the session with their outputs, whoever sent them. Needs \
         a cell of its own.",
    ),
    agent("%cd", "`%cd FOLDER` changes the driver's current folder."),
    agent("%debug-log", "Shows the newest traceback in full, with the Java stack."),
    agent(
        "%env",
        "`%env` shows the driver's environment, `%env NAME` one variable of it; `%env NAME=VALUE` sets a variable.",
    ),
    agent(
        "%load",
        "`%load FILE` writes a file of the driver into the cell, in place of the magic.",
    ),
    agent(
        "%load_ext",
        "Has no effect: the session runs without IPython, which loads extensions. Notebooks that have it still run.",
    ),
    agent("%ls", "`%ls FOLDER` lists a folder on the driver."),
    agent("%matplotlib", "`%matplotlib inline` has no effect: figures are always shown inline."),
    Magic {
        arguments: &["install", "list", "show", "uninstall", "--from-here"],
        ..agent(
            "%pip",
            "`%pip install NAME` installs a package for this session alone, on the driver and the executors; \
             `%pip install --from-here NAME`, in a cell of its own, downloads it on this machine and carries it there.",
        )
    },
    agent("%pwd", "Shows the driver's current folder."),
    agent("%reset", "`%reset -f` deletes all variables of the session."),
    agent("%run", "`%run FILE.py` runs a file of the driver in the session."),
    agent("%set_env", "`%set_env NAME=VALUE` sets a variable of the driver's environment."),
    agent(
        "%sx",
        "`lines = %sx COMMAND` runs a shell command on the driver and keeps what it prints, as `!` does.",
    ),
    agent("%system", "`%system COMMAND` runs a shell command on the driver, as `!COMMAND` does."),
    agent("%time", "`%time CODE` runs code and shows how long it took."),
    agent(
        "%timeit",
        "`%timeit [-n LOOPS] [-r RUNS] CODE` runs code many times and shows how long it takes.",
    ),
    agent("%who", "`%who [TYPE …]` lists the variables."),
    agent("%who_ls", "`%who_ls [TYPE …]` returns a list of the variables' names."),
    agent("%whos", "`%whos [TYPE …]` lists the variables with their types and values."),
    agent("%%bash", "Runs the cell on the driver, in bash."),
    agent(
        "%%capture",
        "`%%capture NAME` runs the cell and keeps what it prints: `NAME.stdout`, `NAME.stderr`.",
    ),
    agent("%%html", "Displays the cell as HTML."),
    agent("%%javascript", "Displays the cell as JavaScript, which frontends run if they allow it."),
    agent("%%js", "Displays the cell as JavaScript, which frontends run if they allow it."),
    agent("%%latex", "Displays the cell as LaTeX."),
    agent("%%markdown", "Displays the cell as Markdown."),
    agent("%%sh", "Runs the cell on the driver, in sh."),
    agent("%%svg", "Displays the cell as an SVG image."),
    agent("%%time", "Runs the cell and shows how long it took."),
    agent(
        "%%timeit",
        "`%%timeit [-n LOOPS] [-r RUNS] [SETUP]` runs the cell many times and shows how long it takes.",
    ),
    agent("%%writefile", "`%%writefile [-a] FILE` writes the cell to a file on the driver."),
];

/// Finds a magic by its name, in any case.
pub fn named(name: &str) -> Option<&'static Magic> {
    MAGICS.iter().find(|magic| magic.name.eq_ignore_ascii_case(name))
}

/// Whether the line is a magic that Livy or the agent runs within a cell, and not code.
pub fn is_line_magic(line: &str) -> bool {
    let name = line.split_whitespace().next().unwrap_or_default();
    line.starts_with('%') && named(name).is_some_and(|magic| !magic.begins_code())
}

/// Whether the cell begins with a magic of the kernel's that has no code below it: `%%info` is `%info`.
pub fn is_alone(cell: &str) -> bool {
    let name = cell.split_whitespace().next().unwrap_or_default();
    let line_magic = name.strip_prefix('%').and_then(named);
    named(name).is_none() && line_magic.is_some_and(|magic| magic.by == RunBy::Kernel)
}

/// Completes a magic's name or what follows it: the text to replace, and what may take its place.
pub fn complete<'c>(cursor: &Cursor<'c>, kind: Kind) -> Option<(&'c str, Vec<String>)> {
    let typed = typed(cursor)?;
    let (word, known): (&str, Vec<&str>) = match typed.split_once(char::is_whitespace) {
        None => {
            let fits = |magic: &&Magic| magic.fits(cursor, kind);
            (typed, MAGICS.iter().filter(fits).map(|magic| magic.name).collect())
        }
        Some((name, arguments)) => {
            let magic = named(name);
            // Most magics take code, which Livy or the agent completes.
            if magic.is_some_and(Magic::takes_code) || has_code(name, typed) {
                return None;
            }
            let word = arguments.rsplit(char::is_whitespace).next().unwrap_or_default();
            (word, magic.map(|magic| magic.arguments.to_vec()).unwrap_or_default())
        }
    };
    let prefix = word.to_ascii_lowercase();
    let matches = known.into_iter().filter(|name| name.starts_with(&prefix));
    Some((word, matches.map(str::to_owned).collect()))
}

/// Whether the cursor is in the code that stands on a magic's own line.
fn has_code(name: &str, typed: &str) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "%sql" | "%%sql" => {
            sql_line::query_start(typed).is_some_and(|at| typed[at..].contains(' '))
        }
        "%%display" => true,
        _ => false,
    }
}

/// The magic whose name the cursor is in or directly behind.
pub fn magic_at(cursor: &Cursor<'_>) -> Option<&'static Magic> {
    let start = typed(cursor).filter(|typed| !typed.contains(char::is_whitespace))?;
    let rest = cursor.after.split(char::is_whitespace).next().unwrap_or_default();
    named(format!("{start}{rest}").trim_end_matches('?'))
}

/// The line up to the cursor, if it begins with a magic; above all code, a cell magic may be indented.
fn typed<'c>(cursor: &Cursor<'c>) -> Option<&'c str> {
    let line = cursor.line();
    let indented = cursor.is_in_the_first_line().then(|| line.trim_start());
    indented.filter(|line| line.starts_with("%%")).or(line.starts_with('%').then_some(line))
}

impl Magic {
    /// The language of the cell that the magic begins, if it begins one.
    pub fn language(&self, kernel: Kind) -> Option<Kind> {
        match self.by {
            RunBy::Language(kind) => Some(kind),
            RunBy::Cell => Some(kernel),
            RunBy::Livy | RunBy::Agent | RunBy::Kernel => None,
        }
    }

    fn begins_code(&self) -> bool {
        matches!(self.by, RunBy::Language(_) | RunBy::Cell)
    }

    fn takes_code(&self) -> bool {
        !self.begins_code() && self.arguments.is_empty()
    }

    fn fits(&self, cursor: &Cursor<'_>, kind: Kind) -> bool {
        let may_stand = !self.name.starts_with("%%") || cursor.is_in_the_first_line();
        may_stand
            && match self.by {
                RunBy::Language(_) | RunBy::Cell | RunBy::Kernel => true,
                RunBy::Livy => matches!(kind, Kind::Pyspark | Kind::Spark),
                RunBy::Agent => kind == Kind::Pyspark,
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
        check(
            "%%s",
            Kind::Spark,
            Some((
                "%%s",
                &["%%spark", "%%scala", "%%scalaspark", "%%sparkr", "%%sql", "%%send_to_spark"],
            )),
        );
        check("%%sv", Kind::Pyspark, Some(("%%sv", &["%%svg"])));
        check("\n  %%SQ", Kind::Sql, Some(("%%SQ", &["%%sql"])));
        check("x\n%%s", Kind::Pyspark, Some(("%%s", &[])));
        check("x\n%j", Kind::Pyspark, Some(("%j", &["%json"])));
        check("x\n%j", Kind::Sql, Some(("%j", &[])));
        check("x %j", Kind::Pyspark, None);
        check("x", Kind::Pyspark, None);
    }

    #[test]
    fn words_after_a_magic_are_completed() {
        check("%matplot p", Kind::Pyspark, Some(("p", &["plt"])));
        check("%matplot ", Kind::Pyspark, Some(("", &["plt"])));
        check("%%sql d", Kind::Pyspark, Some(("d", &[])));
        check("%json d", Kind::Pyspark, None);
        check("%%sql -n 5 select * from t", Kind::Pyspark, None);
        check("%%display d", Kind::Pyspark, None);
    }

    #[test]
    fn the_magic_at_the_cursor_is_the_whole_word() {
        let at = |code, position| magic_at(&Cursor::at(code, position)).map(|magic| magic.name);
        assert_eq!(at("%%sql\nselect 1", 3), Some("%%sql"));
        assert_eq!(at("%%sql\nselect 1", 5), Some("%%sql"));
        assert_eq!(at("%%sql\nselect 1", 9), None);
        assert_eq!(at("%table rows", 2), Some("%table"));
        assert_eq!(at("%table rows", 9), None);
        assert_eq!(at("%%nobody", 3), None);
    }

    #[test]
    fn a_question_about_a_magic_is_about_that_magic() {
        for question in ["%timeit", "%timeit?", "%timeit??"] {
            let magic = magic_at(&Cursor::at(question, 3));
            assert_eq!(magic.map(|magic| magic.name), Some("%timeit"), "{question}");
        }
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
