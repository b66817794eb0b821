//! The magics that pass variables between the session and the Python of this machine.

use clap::{Args, CommandFactory, Parser, ValueEnum};
use serde::Serialize;

use crate::{
    error::CellError,
    language::{
        cell_source,
        magic_line::{self, MagicRequest},
        sql::options::variable,
    },
};

/// How many rows `%%send_to_spark` sends unless told otherwise, as in sparkmagic.
const SPARKMAGICS_ROWS: u64 = 2500;

/// A variable that is to be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passing {
    /// From the session to this machine.
    Get(Get),
    /// From this machine to the session.
    Put(Put),
}

/// A variable that comes from the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    /// Its name in the session.
    pub name: String,
    /// Its name on this machine.
    pub local: String,
}

/// A variable that goes to the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its name on this machine.
    pub name: String,
    /// Its name in the session.
    pub remote: String,
    /// What a table becomes.
    pub table: TableForm,
    /// How many rows of a table go; all if nothing is said.
    pub rows: Option<u64>,
    /// The only type that it may have.
    pub only: Option<SparkmagicsType>,
}

/// What a table becomes in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TableForm {
    /// A Spark DataFrame.
    Spark,
    /// A pandas DataFrame, with its index.
    Pandas,
}

/// The types of sparkmagic's `-t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SparkmagicsType {
    /// A text.
    Str,
    /// A DataFrame.
    Df,
}

#[derive(Debug, Parser)]
#[command(multicall = true, disable_help_subcommand = true)]
enum Line {
    /// Bring a variable of the session to the Python of this machine: %get NAME [as NAME]
    #[command(name = "%get", aliases = ["%%get"])]
    Get(Names),
    /// Send a variable of the Python of this machine to the session: %put NAME [as NAME]
    #[command(name = "%put", aliases = ["%%put"])]
    Put {
        #[command(flatten)]
        names: Names,
        /// What a table becomes in the session
        #[arg(long = "as", value_enum, value_name = "TYPE", default_value = "spark")]
        table: TableForm,
    },
    /// Send a variable of the Python of this machine to the session, as sparkmagic does
    #[command(name = "%%send_to_spark", aliases = ["%send_to_spark"])]
    SendToSpark(Sparkmagics),
}

#[derive(Args, Debug)]
struct Names {
    /// The variable
    #[arg(value_name = "NAME", value_parser = variable)]
    name: String,
    #[arg(value_name = "as", value_parser = ["as"], requires = "renamed", hide = true)]
    word: Option<String>,
    /// Its name there, if it is to have another
    #[arg(value_name = "as NAME", value_parser = variable)]
    renamed: Option<String>,
}

#[derive(Args, Debug)]
struct Sparkmagics {
    /// The variable
    #[arg(short, long, value_name = "VAR", value_parser = variable)]
    input: String,
    /// Its type: a text or a DataFrame
    #[arg(
        short = 't',
        long = "vartype",
        value_name = "TYPE",
        value_enum,
        ignore_case = true,
        default_value = "str"
    )]
    only: SparkmagicsType,
    /// Its name in the session
    #[arg(short = 'n', long = "varname", value_name = "NAME", value_parser = variable)]
    name: Option<String>,
    /// How many rows of a DataFrame to send
    #[arg(short = 'm', long = "maxrows", value_name = "ROWS", default_value_t = SPARKMAGICS_ROWS)]
    rows: u64,
}

/// Parses a cell that is one of these magics; `None` for all other cells.
///
/// # Errors
///
/// The magic's options are wrong.
pub fn parse(cell: &str) -> Option<Result<MagicRequest<Passing>, CellError>> {
    let cell = cell_source::skip_to_magic(cell);
    let first = cell.split_whitespace().next()?.to_ascii_lowercase();
    Line::command().find_subcommand(first)?;
    Some(magic_line::parse::<Line>(cell).map(|asked| asked.map(Passing::from)))
}

impl From<Line> for Passing {
    fn from(line: Line) -> Self {
        match line {
            Line::Get(Names { name, renamed, .. }) => {
                Self::Get(Get { local: renamed.unwrap_or_else(|| name.clone()), name })
            }
            Line::Put { names: Names { name, renamed, .. }, table } => {
                let remote = renamed.unwrap_or_else(|| name.clone());
                Self::Put(Put { name, remote, table, rows: None, only: None })
            }
            Line::SendToSpark(Sparkmagics { input, only, name, rows }) => {
                let remote = name.unwrap_or_else(|| input.clone());
                let (table, rows, only) = (TableForm::Spark, Some(rows), Some(only));
                Self::Put(Put { name: input, remote, table, rows, only })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cell: &str) -> Passing {
        match parse(cell).expect(cell).expect(cell) {
            MagicRequest::Run(passing) => passing,
            MagicRequest::Help(help) => panic!("{help}"),
        }
    }

    fn put(name: &str, remote: &str) -> Put {
        let (name, remote) = (name.to_owned(), remote.to_owned());
        Put { name, remote, table: TableForm::Spark, rows: None, only: None }
    }

    #[test]
    fn a_variable_keeps_its_name_or_gets_another() {
        let get =
            |name: &str, local: &str| Passing::Get(Get { name: name.into(), local: local.into() });
        assert_eq!(asked("%get df"), get("df", "df"));
        assert_eq!(asked("# rows\n%GET df as rows "), get("df", "rows"));
        assert_eq!(asked("%put df as rows"), Passing::Put(put("df", "rows")));
        let pandas = Put { table: TableForm::Pandas, ..put("df", "df") };
        assert_eq!(asked("%put df --as pandas"), Passing::Put(pandas));
    }

    #[test]
    fn sparkmagics_line_means_what_it_means_there() {
        let text = Put { rows: Some(2500), only: Some(SparkmagicsType::Str), ..put("s", "s") };
        assert_eq!(asked("%%send_to_spark -i s"), Passing::Put(text));
        let rows = Put { rows: Some(9), only: Some(SparkmagicsType::Df), ..put("a", "b") };
        assert_eq!(asked("%%send_to_spark -i a -t DF -n b -m 9\n\n"), Passing::Put(rows));
    }

    #[test]
    fn other_cells_are_none_and_wrong_lines_are_told() {
        for other in ["", "x = 1", "x = 1\n%get x", "%gets x", "%%sql\n%get x"] {
            assert!(parse(other).is_none(), "{other}");
        }
        for wrong in
            ["%get", "%get 1x", "%get a b", "%get a as", "%get a\nb = 1", "%%send_to_spark"]
        {
            let failure = parse(wrong).unwrap().unwrap_err();
            assert_eq!(failure.ename, "UsageError", "{wrong}");
        }
    }
}
