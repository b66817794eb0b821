//! Reads and merges the [properties](https://livy.apache.org/docs/latest/rest-api.html#post-sessions) of
//! sessions to come, as the JSON of cells and the settings have them. Pure.

use livy_client::SessionProperties;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    kind::Kind,
    settings::{lenient_json, vendor_keys},
};

/// The properties that a cell sets.
#[derive(Debug)]
pub struct CellProperties {
    pub properties: SessionProperties,
    /// What became of keys that are a service's and not Livy's.
    pub notes: Vec<String>,
}

/// Reads the JSON in a cell for a kernel of this language.
///
/// # Errors
///
/// What is wrong with the JSON, and where in the cell.
pub fn parse(cell: &str, kernel: Kind) -> Result<CellProperties, String> {
    let mut all: Map<String, Value> = object(cell)?;
    let notes = vendor_keys::replace(&mut all);
    let properties = match notes.is_empty() {
        // Its errors have their place in the cell.
        true => object(cell)?,
        false => serde_json::from_value(all.into()).map_err(|error| error.to_string())?,
    };
    check_kind(&properties, kernel)?;
    Ok(CellProperties { properties, notes })
}

/// A kernel runs sessions of its own language only.
fn check_kind(properties: &SessionProperties, kernel: Kind) -> Result<(), String> {
    let Some(kind) = &properties.kind else { return Ok(()) };
    match parse_kind(kind).map_err(|error| error.to_string())? {
        kind if kind == kernel => Ok(()),
        kind => Err(format!(
            "this kernel's sessions are of kind {}, and not {}: choose another kernel, or begin a cell \
             with %%{}",
            kernel.as_str(),
            kind.as_str(),
            kind.as_str()
        )),
    }
}

/// Checks one property by its name in JSON.
///
/// # Errors
///
/// No property has this name, or the value is none for it.
pub fn check(name: &str, value: &Value) -> Result<(), serde_json::Error> {
    SessionProperties::check(name, value)?;
    match (name, value) {
        ("kind", Value::String(kind)) => parse_kind(kind).map(drop),
        _ => Ok(()),
    }
}

/// Livy knows kinds for which there is no kernel.
fn parse_kind(kind: &str) -> Result<Kind, serde_json::Error> {
    Kind::deserialize(Value::from(kind))
}

/// Reads the JSON object in a cell.
///
/// # Errors
///
/// What is wrong with the JSON, and where in the cell.
pub fn object<T: DeserializeOwned>(cell: &str) -> Result<T, String> {
    let cell = lenient_json::strict(cell);
    let Some(begin) = cell.find('{') else {
        return Err("there is no JSON object in the cell".to_owned());
    };
    serde_json::from_str(&cell[begin..]).map_err(|error| located(&cell[..begin], &error))
}

/// Describes an error of the JSON after `before`, with the line and column in the cell.
fn located(before: &str, error: &serde_json::Error) -> String {
    let what = error.to_string();
    let what = what.rsplit_once(" at line").map_or(what.as_str(), |(what, _)| what);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let shift = if error.line() == 1 { last_line.chars().count() } else { 0 };
    let line = before.matches('\n').count() + error.line();
    format!("{what} (line {line}, column {} of the cell)", error.column() + shift)
}

/// Merges two JSON values: objects key by key, while any other value replaces the one before.
pub fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_says_what_sessions_get() {
        let cell = "%%configure -f\n{\"driverMemory\": \"2g\", \"name\": \"etl\", \"kind\": \"pyspark\",\n\
                    \"conf\": {\"spark.a\": 7, \"spark.b\": true, \"spark.c\": \"x\"}}";
        assert_eq!(
            serde_json::to_value(parse(cell, Kind::Pyspark).unwrap().properties).unwrap(),
            json!({"driverMemory": "2g", "name": "etl", "kind": "pyspark",
                "conf": {"spark.a": "7", "spark.b": "true", "spark.c": "x"}})
        );
    }

    #[test]
    fn a_fault_is_told_with_its_place_in_the_cell() {
        let check = |cell: &str, words: &[&str]| {
            let error = parse(cell, Kind::Pyspark).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        };
        check(
            "%%configure\n{\n  \"driverMemroy\": \"2g\"\n}",
            &["driverMemroy", "driverMemory", "line 3"],
        );
        check("%%configure {\"name\" 1}", &["expected `:`", "line 1, column 21 of the cell"]);
        check("%%configure\n{\"executorCores\": \"two\"}", &["invalid type", "line 2, column 23"]);
        check("%%configure\n{\"conf\": {\"spark.a\": [1]}}", &["`spark.a` is neither"]);
        check("%%configure\n{\"kind\": \"spark\"}", &["of kind pyspark", "%%spark"]);
        check("%%configure\n{\"kind\": \"cobol\"}", &["unknown variant `cobol`", "`pyspark`"]);
        check("%%configure -f", &["no JSON"]);
        check("%%configure\n{} trailing", &["trailing characters"]);
    }

    #[test]
    fn a_cell_may_have_comments_quoted_numbers_and_a_last_comma() {
        let cell = "%%configure -f\n// for {big} tables\n{\n  \"executorCores\": \"4\", # cores\n  \"jars\": [\"s3://b/a.jar\",],\n}";
        let read = parse(cell, Kind::Pyspark).unwrap().properties;
        assert_eq!((read.executor_cores, read.jars), (Some(4), vec!["s3://b/a.jar".to_owned()]));
        let wrong = "%%configure\n{ // a comment\n  \"driverMemroy\": \"2g\",\n}";
        let error = parse(wrong, Kind::Pyspark).unwrap_err();
        assert!(error.contains("driverMemroy") && error.contains("line 3"), "{error}");
    }

    #[test]
    fn keys_of_a_service_are_taken_with_a_note() {
        let cell = "%%configure\n{\"defaultLakehouse\": {\"name\": \"x\"}, \"driverCores\": \"2\"}";
        let read = parse(cell, Kind::Pyspark).unwrap();
        assert_eq!(read.properties.driver_cores, Some(2));
        assert!(read.notes[0].contains("defaultLakehouse is left out"), "{:?}", read.notes);
        let typo = "%%configure\n{\"defaultLakehouse\": {}, \"driverMemroy\": 1}";
        assert!(parse(typo, Kind::Pyspark).unwrap_err().contains("driverMemroy"));
    }

    #[test]
    fn a_property_is_checked_by_its_name() {
        assert!(check("driverCores", &json!(2)).is_ok() && check("kind", &json!("sql")).is_ok());
        assert!(check("kind", &json!("cobol")).is_err() && check("cores", &json!(2)).is_err());
    }

    #[test]
    fn objects_are_merged_key_by_key() {
        let mut all = json!({"driverMemory": "1g", "jars": ["a"], "conf": {"x": 1, "y": 2}});
        merge(&mut all, json!({"driverMemory": "2g", "jars": ["b"], "conf": {"y": 3}}));
        assert_eq!(all, json!({"driverMemory": "2g", "jars": ["b"], "conf": {"x": 1, "y": 3}}));
    }
}
