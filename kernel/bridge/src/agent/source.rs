//! The agent's Python sources, embedded in the program.

use serde_json::Value;

/// The source that makes a package of the modules.
pub const LOADER: &str = include_str!("load.py");

// `VERSION` and `MODULES`, written by build.rs.
include!(concat!(env!("OUT_DIR"), "/agent_source.rs"));

/// Writes a Python dictionary that maps each module's name to its source.
pub fn modules() -> String {
    Value::from_iter(MODULES.iter().copied()).to_string()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_file_of_the_agent_is_embedded() {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/agent/python")).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let stems = paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
        let stems: BTreeSet<_> = stems.filter(|stem| stem != "__pycache__").collect();
        assert_eq!(stems, MODULES.iter().map(|(name, _)| (*name).to_owned()).collect());
    }

    #[test]
    fn the_version_is_the_hash_of_what_is_embedded() {
        let mut hash = Sha256::new_with_prefix(LOADER);
        for (name, source) in MODULES {
            hash.update(format!("\0{name}\0{source}"));
        }
        let whole: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(VERSION, &whole[..32]);
    }
}
