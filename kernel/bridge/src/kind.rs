//! The languages that a session runs.

use clap::ValueEnum;
use jupyter_wire::content::LanguageInfo;
use serde::{Deserialize, Serialize};

/// The language of a kernel or of a cell, which is Livy's
/// [kind](https://livy.apache.org/docs/latest/rest-api.html#session-kind) of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Python
    Pyspark,
    /// Scala
    Spark,
    /// R
    Sparkr,
    /// SQL
    Sql,
}

impl Kind {
    /// All kinds, in the order in which users are shown them.
    pub const ALL: [Self; 4] = [Self::Pyspark, Self::Spark, Self::Sparkr, Self::Sql];

    /// The kind's name in Livy's REST API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pyspark => "pyspark",
            Self::Spark => "spark",
            Self::Sparkr => "sparkr",
            Self::Sql => "sql",
        }
    }

    /// The language's usual name, which users are shown.
    pub fn language(self) -> &'static str {
        match self {
            Self::Pyspark => "Python",
            Self::Spark => "Scala",
            Self::Sparkr => "R",
            Self::Sql => "SQL",
        }
    }

    /// What frontends choose a lexer and an editor mode by
    /// ([`kernel_info`](https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info)).
    /// JupyterLab, VS Code, nbconvert and papermill look for exactly these names: R is a capital
    /// letter, and there is no Spark dialect of SQL.
    pub fn language_info(self) -> LanguageInfo {
        let (name, version, mimetype, file_extension) = match self {
            Self::Pyspark => ("python", "3", "text/x-python", ".py"),
            Self::Spark => ("scala", "2.12", "text/x-scala", ".scala"),
            Self::Sparkr => ("R", "4", "text/x-rsrc", ".r"),
            Self::Sql => ("sql", "3", "text/x-sql", ".sql"),
        };
        let lexer = name.to_lowercase();
        LanguageInfo {
            name: name.into(),
            version: version.into(),
            mimetype: mimetype.into(),
            file_extension: file_extension.into(),
            pygments_lexer: lexer.clone(),
            codemirror_mode: lexer.into(),
        }
    }
}
