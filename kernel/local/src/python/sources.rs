//! The Python and Java sources that this server runs, which are part of its binary.

/// Runs the source in `LIVY_LOCAL_DRIVER` as `__main__`. Python then leaves no file behind, and its command line shows
/// no source. The source gets a copy of the built-in functions, which user code cannot change.
pub(super) const BOOTSTRAP: &str = "import builtins, os; __builtins__ = dict(vars(builtins)); \
     exec(compile(os.environ.pop('LIVY_LOCAL_DRIVER'), 'livy-local driver', 'exec'))";

/// The `__main__` of a driver process, which loads [`DRIVER_PARTS`].
pub(super) const DRIVER: &str = include_str!("driver.py");

/// The other sources of a driver process, by the name under which it loads them.
pub(super) const DRIVER_PARTS: [(&str, &str); 17] = [
    ("CallbackClient", include_str!("CallbackClient.java")),
    ("UiGuard", include_str!("UiGuard.java")),
    ("files", include_str!("files.py")),
    ("guards", include_str!("guards.py")),
    ("isolated", include_str!("isolated.py")),
    ("jobs", include_str!("jobs.py")),
    ("launch", LAUNCH),
    ("protocol", include_str!("protocol.py")),
    ("replies", include_str!("replies.py")),
    ("scala", include_str!("scala.py")),
    ("session", include_str!("session.py")),
    ("spark", include_str!("spark.py")),
    ("sql", include_str!("sql.py")),
    ("statements", include_str!("statements.py")),
    ("table", include_str!("table.py")),
    ("tracing", include_str!("tracing.py")),
    ("watch", include_str!("watch.py")),
];

/// Starts Java, for sessions and batches.
pub(super) const LAUNCH: &str = include_str!("launch.py");

/// The `__main__` of the process that runs `spark-submit`.
pub(super) const SUBMIT: &str = include_str!("submit.py");

/// Runs a batch that is a Python file.
pub(super) const APPLICATION: &str = include_str!("application.py");
