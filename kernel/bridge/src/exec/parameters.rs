//! Parameters of a notebook, as [papermill](https://papermill.readthedocs.io/en/latest/usage-parameterize.html) reads
//! and passes them: a cell below the one tagged `parameters`. Pure.

use crate::{
    exec::notebook::{Cell, Notebook},
    kind::Kind,
};

/// The tag of the cell with the defaults.
const DEFAULTS: &str = "parameters";
/// The tag of the cell with the values.
const INJECTED: &str = "injected-parameters";

/// A parameter and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    name: String,
    value: Literal,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    None,
    Bool(bool),
    /// A whole number of any size, as Python writes it.
    Int(String),
    Float(f64),
    Text(String),
}

impl Parameter {
    /// Reads `NAME=VALUE`. What looks like a number, `true`, `false`, `null` or `None` is that, and all else is text.
    ///
    /// # Errors
    ///
    /// There is no name, or it is none that a language has.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_letter) || name.starts_with(char::is_numeric) {
            return Err(format!("{name:?} cannot be the name of a variable"));
        }
        Ok(Self { name: name.to_owned(), value: Literal::read(value) })
    }

    fn assignment(&self, kind: Kind) -> String {
        let Self { name, value } = self;
        match kind {
            Kind::Pyspark | Kind::Sql => format!("{name} = {}", value.in_python()),
            Kind::Spark => format!("val {name} = {}", value.in_scala()),
            // A name in R begins with a letter.
            Kind::Sparkr => format!("{} = {}", name.trim_start_matches('_'), value.in_r()),
        }
    }
}

impl Literal {
    fn read(text: &str) -> Self {
        match text {
            "True" | "true" => Self::Bool(true),
            "False" | "false" => Self::Bool(false),
            "None" | "null" => Self::None,
            _ => match (whole_number(text), text.parse()) {
                (Some(number), _) => Self::Int(number),
                (None, Ok(number)) => Self::Float(number),
                (None, Err(_)) => Self::Text(text.to_owned()),
            },
        }
    }

    fn in_python(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Int(number) => number.clone(),
            Self::Float(number) if number.is_finite() => format!("{number:?}"),
            Self::Float(number) => format!("float('{}')", number.to_string().to_lowercase()),
            Self::Text(text) => quoted(text),
        }
    }

    fn in_scala(&self) -> String {
        match self {
            Self::Int(number) if number.parse::<i32>().is_ok() => number.clone(),
            Self::Int(number) if number.parse::<i64>().is_ok() => format!("{number}L"),
            Self::Int(number) => format!("BigInt(\"{number}\")"),
            Self::Float(number) if number.is_nan() => "Double.NaN".to_owned(),
            Self::Float(f64::INFINITY) => "Double.PositiveInfinity".to_owned(),
            Self::Float(f64::NEG_INFINITY) => "Double.NegativeInfinity".to_owned(),
            Self::Bool(value) => value.to_string(),
            other => other.in_python(),
        }
    }

    fn in_r(&self) -> String {
        match self {
            Self::None => "NULL".to_owned(),
            Self::Bool(value) => value.to_string().to_uppercase(),
            Self::Float(number) if number.is_nan() => "NaN".to_owned(),
            Self::Float(f64::INFINITY) => "Inf".to_owned(),
            Self::Float(f64::NEG_INFINITY) => "-Inf".to_owned(),
            other => other.in_python(),
        }
    }
}

/// A whole number without a plus and without zeros before it, which would be octal in some languages.
fn whole_number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    is_number.then(|| format!("{sign}{digits}"))
}

/// A text as Python, Scala and R read it: their escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Adds the cell with the parameters: below the one with the defaults, or at the top. It takes the place of one that an
/// earlier run has added.
pub fn inject(notebook: &mut Notebook, kind: Kind, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    let comment = if kind == Kind::Spark { "// Parameters" } else { "# Parameters" };
    let assignments = last_of_each_name(parameters).map(|one| one.assignment(kind));
    let lines: Vec<_> = [comment.to_owned()].into_iter().chain(assignments).collect();
    let cell = Cell::of_code(&lines.join("\n"), &[INJECTED]);
    let tagged = |tag| notebook.cells.iter().position(|cell| cell.has_tag(tag));
    match (tagged(INJECTED), tagged(DEFAULTS)) {
        (Some(earlier), _) => notebook.cells[earlier] = cell,
        (None, Some(defaults)) => notebook.cells.insert(defaults + 1, cell),
        (None, None) => notebook.cells.insert(0, cell),
    }
}

fn last_of_each_name(parameters: &[Parameter]) -> impl Iterator<Item = &Parameter> {
    let later = |at: usize| parameters.iter().skip(at + 1);
    let is_last =
        move |(at, one): &(usize, &Parameter)| !later(*at).any(|other| other.name == one.name);
    parameters.iter().enumerate().filter(is_last).map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(kind: Kind, values: &[&str]) -> Vec<String> {
        let read = |value: &&str| Parameter::parse(&format!("_x={value}")).unwrap();
        values.iter().map(|value| read(value).assignment(kind)).collect()
    }

    #[test]
    fn values_are_those_of_the_notebooks_language() {
        let values = [
            "41",
            "-007",
            "3000000000",
            "1e3",
            "nan",
            "-inf",
            "true",
            "False",
            "null",
            "é\"\\\n",
            "",
        ];
        assert_eq!(
            assigned(Kind::Pyspark, &values),
            [
                "_x = 41",
                "_x = -7",
                "_x = 3000000000",
                "_x = 1000.0",
                "_x = float('nan')",
                "_x = float('-inf')",
                "_x = True",
                "_x = False",
                "_x = None",
                r#"_x = "é\"\\\n""#,
                r#"_x = """#
            ]
        );
        assert_eq!(
            assigned(Kind::Spark, &values),
            [
                "val _x = 41",
                "val _x = -7",
                "val _x = 3000000000L",
                "val _x = 1000.0",
                "val _x = Double.NaN",
                "val _x = Double.NegativeInfinity",
                "val _x = true",
                "val _x = false",
                "val _x = None",
                r#"val _x = "é\"\\\n""#,
                r#"val _x = """#
            ]
        );
        assert_eq!(
            assigned(Kind::Sparkr, &values),
            [
                "x = 41",
                "x = -7",
                "x = 3000000000",
                "x = 1000.0",
                "x = NaN",
                "x = -Inf",
                "x = TRUE",
                "x = FALSE",
                "x = NULL",
                r#"x = "é\"\\\n""#,
                r#"x = """#
            ]
        );
    }

    #[test]
    fn a_value_may_have_any_sign_and_a_name_only_letters() {
        assert_eq!(Parameter::parse("a=b=c").unwrap().assignment(Kind::Pyspark), r#"a = "b=c""#);
        for wrong in ["a", "=1", "1a=1", "a b=1", "import os; x=1"] {
            assert!(Parameter::parse(wrong).is_err(), "{wrong}");
        }
    }

    fn sources(tags: &[&str], parameters: &[&str]) -> Vec<String> {
        let mut notebook = Notebook::of_code("first");
        notebook.cells.extend(tags.iter().map(|tag| Cell::of_code(tag, &[tag])));
        let parameters: Vec<_> =
            parameters.iter().map(|one| Parameter::parse(one).unwrap()).collect();
        inject(&mut notebook, Kind::Pyspark, &parameters);
        notebook.cells.iter().map(Cell::source).collect()
    }

    #[test]
    fn the_cell_stands_below_the_defaults_or_at_the_top() {
        let cell = "# Parameters\nb = 2\na = 3";
        let given = ["a=1", "b=2", "a=3"];
        assert_eq!(sources(&["parameters", "t"], &given), ["first", "parameters", cell, "t"]);
        assert_eq!(sources(&[], &given), [cell, "first"]);
        assert_eq!(
            sources(&["injected-parameters", "parameters"], &given),
            ["first", cell, "parameters"]
        );
        assert_eq!(sources(&["parameters"], &[]), ["first", "parameters"]);
    }
}
