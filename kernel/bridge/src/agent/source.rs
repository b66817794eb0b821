//! The agent's Python, as the program carries it.

use serde_json::Value;

/// Makes a package of the parts.
pub const LOAD: &str = include_str!("load.py");

macro_rules! parts {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("python/", $name, ".py"))),)*] };
}

/// The part that answers `%%sql`, which can stand alone.
pub const TABULAR: &str = include_str!("python/tabular.py");

/// All files of `python/`.
const PARTS: &[(&str, &str)] = parts! {
    "__init__"
    "agent"
    "base"
    "bundles"
    "catalog"
    "children"
    "commands"
    "completion"
    "display"
    "errors"
    "events"
    "figures"
    "frames"
    "imports"
    "inputs"
    "inspection"
    "interrupts"
    "logs"
    "magics"
    "names"
    "names_of_user"
    "others"
    "patches"
    "progress"
    "results"
    "rewriting"
    "scala"
    "sources"
    "statements"
    "streams"
    "tabular"
    "timing"
};

/// A dictionary of Python's: each part's source by its name.
pub fn parts() -> String {
    Value::from_iter(PARTS.iter().copied()).to_string()
}

/// A Python text may be written as JSON writes it, if surrogates are not split; `ensure_ascii` is
/// not needed, since the pickle is UTF-8.
pub fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn no_file_of_the_agents_is_left_behind() {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/agent/python")).unwrap();
        let files = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "py"));
        let files: BTreeSet<_> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(files, PARTS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
}
