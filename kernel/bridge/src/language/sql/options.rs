//! The options of magics above code: those of `%%sql` and `%chart`, and those that sparkmagic has.

use clap::{Args, Parser, ValueEnum};
use serde::Serialize;

use crate::{kind::Kind, language::sql::kept::KeptOutput};

/// The line of a magic above code.
#[derive(Debug, Parser, PartialEq)]
#[command(multicall = true, disable_help_subcommand = true)]
pub enum Head {
    /// Runs SQL and shows the rows
    #[command(name = "%%sql", aliases = ["%sql"])]
    Sql(Box<Query>),
    /// Runs Python
    #[command(name = "%%pyspark", aliases = ["%%python"])]
    Pyspark(Code),
    /// Runs Scala
    #[command(name = "%%spark", aliases = ["%%scala", "%%scalaspark"])]
    Spark(Code),
    /// Runs R
    #[command(name = "%%sparkr", aliases = ["%%r", "%%rspark"])]
    Sparkr(Code),
    /// Runs the cell as if this line were not there
    #[command(name = "%%pretty")]
    Pretty(Code),
    /// Shows a DataFrame's rows as a table: `%%display NAME`
    #[command(name = "%%display")]
    Display,
    /// Draws a chart of a variable's rows
    #[command(name = "%chart", aliases = ["%%chart"])]
    Chart(Chart),
}

/// The options of `%%sql`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Query {
    /// Keep the rows in this variable: as a pandas DataFrame in Python, a Spark DataFrame in Scala
    #[arg(short, long, value_name = "VAR", value_parser = variable)]
    pub output: Option<String>,
    /// Bring the variable to the Python of this machine at once; otherwise a %%local cell that reads it does
    #[arg(long, requires = "output")]
    pub local: bool,
    /// How many rows to show; -1 for as many as fit
    #[arg(
        short = 'n',
        long = "maxrows",
        value_name = "ROWS",
        allow_negative_numbers = true,
        default_value_t = DEFAULT_ROWS
    )]
    pub rows: i64,
    /// Which rows to show: the first ones, or a sample
    #[arg(short = 'm', long = "samplemethod", value_enum, default_value = "take")]
    pub method: Method,
    /// The share of the rows that a sample takes, between 0 and 1
    #[arg(short = 'r', long = "samplefraction", value_name = "FRACTION", default_value_t = 0.1, value_parser = fraction)]
    pub fraction: f64,
    /// Show nothing
    #[arg(short, long)]
    pub quiet: bool,
    /// Has no effect; accepted for sparkmagic's notebooks. Types are always Spark's
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1)]
    pub coerce: Option<Option<String>>,
    #[command(flatten)]
    pub chart: Drawing,
}

/// How many rows `%%sql` shows unless told otherwise, which is how many Livy returns.
pub const DEFAULT_ROWS: i64 = 1000;

impl Query {
    /// The options of a SQL cell without a magic.
    pub const PLAIN: Self = Self {
        output: None,
        local: false,
        rows: DEFAULT_ROWS,
        method: Method::Take,
        fraction: 0.1,
        quiet: false,
        coerce: None,
        chart: Drawing { chart: None, axes: Axes { x: None, y: None, color: None, agg: None } },
    };

    /// The variable that is kept: in Scala all rows, in Python those that are asked for.
    pub fn kept(&self, kernel: Kind) -> Option<KeptOutput> {
        let name = self.output.clone()?;
        let (kind, rows, fraction) = match kernel {
            Kind::Spark => (kernel, u64::try_from(self.rows).ok(), self.sampled()),
            _ => (Kind::Pyspark, None, None),
        };
        Some(KeptOutput { name, kind, rows, fraction, is_fetched: self.local })
    }

    fn sampled(&self) -> Option<f64> {
        (self.method == Method::Sample).then_some(self.fraction)
    }

    /// Whether Livy's own SQL gives all that the options ask for.
    pub fn is_plain(&self) -> bool {
        let Self { rows, method, chart, .. } = self;
        (*rows, *method, chart.chart) == (DEFAULT_ROWS, Method::Take, None)
    }
}

/// Which rows of a query are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// The first rows.
    Take,
    /// Random rows.
    Sample,
}

/// The options of a chart of a query's rows.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Draw a chart of the rows
    #[arg(long, value_enum, value_name = "KIND", num_args = 0..=1, default_missing_value = "auto")]
    pub chart: Option<ChartKind>,
    #[command(flatten)]
    pub axes: Axes,
}

/// The options of `%chart`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The variable: a DataFrame or a list of rows
    #[arg(value_name = "VAR", value_parser = variable)]
    pub variable: String,
    /// The kind of chart; by default the types of the columns decide
    #[arg(value_enum, value_name = "KIND", default_value = "auto")]
    pub kind: ChartKind,
    #[command(flatten)]
    pub axes: Axes,
}

/// The columns of a chart.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Axes {
    /// The column of the x axis
    #[arg(short, value_name = "COLUMN")]
    pub x: Option<String>,
    /// The column of the y axis
    #[arg(short, value_name = "COLUMN")]
    pub y: Option<String>,
    /// The column that decides the colour
    #[arg(long, value_name = "COLUMN")]
    pub color: Option<String>,
    /// How to combine several values of y for one x
    #[arg(long, value_enum)]
    pub agg: Option<Aggregate>,
}

/// The kinds of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum ChartKind {
    /// The kind that suits the columns.
    Auto,
    Bar,
    Line,
    Area,
    Scatter,
    Pie,
    Hist,
}

/// How several values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum Aggregate {
    Sum,
    #[value(alias = "mean")]
    Avg,
    Min,
    Max,
    Count,
    None,
}

/// The options that sparkmagic has above code.
#[derive(Args, Debug, PartialEq)]
pub struct Code {
    /// A variable that %%local cells shall have, too
    #[arg(short, long, value_name = "VAR", value_parser = variable)]
    output: Option<String>,
    /// Bring the variable to the Python of this machine at once; otherwise a %%local cell that reads it does
    #[arg(long, requires = "output")]
    local: bool,
    /// How many of its rows %%local cells shall have; -1 for all
    #[arg(
        short = 'n',
        long = "maxrows",
        value_name = "ROWS",
        allow_negative_numbers = true,
        default_value_t = SPARKMAGICS_ROWS
    )]
    rows: i64,
    /// Which of its rows they shall have: the first ones, or a sample
    #[arg(short = 'm', long = "samplemethod", value_enum, default_value = "take")]
    method: Method,
    /// The share of the rows that a sample takes, between 0 and 1
    #[arg(short = 'r', long = "samplefraction", value_name = "FRACTION", default_value_t = 0.1, value_parser = fraction)]
    fraction: f64,
    #[arg(short = 'c', long = "coerce", alias = "context", hide = true)]
    context: Option<String>,
    #[arg(short = 's', long = "session", hide = true)]
    session: Option<String>,
    #[arg(short = 'e', hide = true)]
    coerce: Option<String>,
    #[arg(short, long, hide = true)]
    quiet: bool,
}

/// How many rows of a variable sparkmagic brings unless told otherwise.
const SPARKMAGICS_ROWS: i64 = 2500;

impl Code {
    /// The variable that `-o` names, in the language of the code.
    pub fn kept(&self, kind: Kind) -> Option<KeptOutput> {
        Some(KeptOutput {
            name: self.output.clone()?,
            kind,
            rows: u64::try_from(self.rows).ok(),
            fraction: (self.method == Method::Sample).then_some(self.fraction),
            is_fetched: self.local,
        })
    }
}

/// Parses a name that is valid in Python and in Scala.
pub fn variable(text: &str) -> Result<String, String> {
    let begins = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let is_name = begins && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| text.to_owned()).ok_or_else(|| "it is not a valid variable name".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "it is not a number between 0 and 1".to_owned())
}
