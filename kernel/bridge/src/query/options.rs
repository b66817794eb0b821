//! The options of magics that begin a cell of code: `%%sql`'s, and those that sparkmagic has.

use clap::{Args, Parser, ValueEnum};
use serde::Serialize;

/// The line above a cell's code.
#[derive(Debug, Parser, PartialEq)]
#[command(multicall = true, disable_help_subcommand = true)]
pub enum Head {
    /// Runs SQL, and shows the rows
    #[command(name = "%%sql")]
    Sql(Box<Query>),
    /// Runs Python
    #[command(name = "%%pyspark", aliases = ["%%python"])]
    Pyspark(Code),
    /// Runs Scala
    #[command(name = "%%spark", aliases = ["%%scala"])]
    Spark(Code),
    /// Runs R
    #[command(name = "%%sparkr", aliases = ["%%r"])]
    Sparkr(Code),
    /// Runs the cell as it would without
    #[command(name = "%%pretty")]
    Pretty(Code),
    /// Draws a variable's rows
    #[command(name = "%chart", aliases = ["%%chart"])]
    Chart(Chart),
}

/// Options of `%%sql`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Query {
    /// Keep the rows in this variable: of pandas in Python, a DataFrame in Scala
    #[arg(short, long, value_name = "VAR", value_parser = variable)]
    pub output: Option<String>,
    /// How many rows; -1: as many as there is room for
    #[arg(
        short = 'n',
        long = "maxrows",
        value_name = "ROWS",
        allow_negative_numbers = true,
        default_value_t = DEFAULT_ROWS
    )]
    pub rows: i64,
    /// Whether the first rows are taken, or a sample
    #[arg(short = 'm', long = "samplemethod", value_enum, default_value = "take")]
    pub method: Method,
    /// The part of the rows that a sample has, from 0 to 1
    #[arg(short = 'r', long = "samplefraction", value_name = "FRACTION", default_value_t = 0.1, value_parser = fraction)]
    pub fraction: f64,
    /// Show nothing
    #[arg(short, long)]
    pub quiet: bool,
    /// Is accepted for notebooks that have it: types are always Spark's
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1)]
    pub coerce: Option<Option<String>>,
    #[command(flatten)]
    pub chart: Drawing,
}

/// So many Livy sends.
pub const DEFAULT_ROWS: i64 = 1000;

impl Query {
    /// What a cell without a magic asks for.
    pub const PLAIN: Self = Self {
        output: None,
        rows: DEFAULT_ROWS,
        method: Method::Take,
        fraction: 0.1,
        quiet: false,
        coerce: None,
        chart: Drawing { chart: None, axes: Axes { x: None, y: None, color: None, agg: None } },
    };

    /// Whether it asks for no more than Livy's own SQL gives.
    pub fn is_plain(&self) -> bool {
        let Self { rows, method, chart, .. } = self;
        (*rows, *method, chart.chart) == (DEFAULT_ROWS, Method::Take, None)
    }
}

/// Which rows are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// The first.
    Take,
    /// Some of all.
    Sample,
}

/// Whether there is to be a chart, and which.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Draw the rows
    #[arg(long, value_enum, value_name = "KIND", num_args = 0..=1, default_missing_value = "auto")]
    pub chart: Option<ChartKind>,
    #[command(flatten)]
    pub axes: Axes,
}

/// Options of `%chart`.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The variable: a DataFrame, or rows
    #[arg(value_name = "VAR", value_parser = variable)]
    pub variable: String,
    /// The kind of chart; the columns' types choose one otherwise
    #[arg(value_enum, value_name = "KIND", default_value = "auto")]
    pub kind: ChartKind,
    #[command(flatten)]
    pub axes: Axes,
}

/// Which column is what in a chart.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Axes {
    /// The column along the x axis
    #[arg(short, value_name = "COLUMN")]
    pub x: Option<String>,
    /// The column along the y axis
    #[arg(short, value_name = "COLUMN")]
    pub y: Option<String>,
    /// The column that gives the colour
    #[arg(long, value_name = "COLUMN")]
    pub color: Option<String>,
    /// What becomes of several y of one x
    #[arg(long, value_enum)]
    pub agg: Option<Aggregate>,
}

/// Kinds of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum ChartKind {
    /// Whichever suits the columns.
    Auto,
    Bar,
    Line,
    Area,
    Scatter,
    Pie,
    Hist,
}

/// What can become of several values.
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

/// What sparkmagic lets stand above code.
#[derive(Args, Debug, PartialEq)]
pub struct Code {
    /// Is accepted for notebooks that have it: the variable is in the session, where all cells run
    #[arg(short, long, value_name = "VAR")]
    pub output: Option<String>,
    #[arg(short = 'n', long = "maxrows", hide = true, allow_negative_numbers = true)]
    rows: Option<i64>,
    #[arg(short = 'm', long = "samplemethod", hide = true)]
    method: Option<String>,
    #[arg(short = 'r', long = "samplefraction", hide = true)]
    fraction: Option<f64>,
    #[arg(short = 'c', long = "coerce", alias = "context", hide = true)]
    context: Option<String>,
    #[arg(short = 's', long = "session", hide = true)]
    session: Option<String>,
    #[arg(short = 'e', hide = true)]
    coerce: Option<String>,
    #[arg(short, long, hide = true)]
    quiet: bool,
}

/// A name in Python and in Scala.
pub fn variable(text: &str) -> Result<String, String> {
    let begins = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let is_name = begins && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| text.to_owned()).ok_or_else(|| "it is no name of a variable".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "it is no number from 0 to 1".to_owned())
}
