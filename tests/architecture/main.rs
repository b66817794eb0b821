//! Checks how the files of each crate import each other, by reading their text. A room of the bridge
//! imports only rooms below it, no files of a crate import each other in a circle, and files that decide
//! are free of input and output.
//!
//! Every path to another file of the crate counts as an import, not only `use`. A parent's `pub use` of
//! its child does not count: a file that imports the name from the parent imports the child. Unit tests
//! may import everything.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod paths;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::Crate;

/// The rooms of the bridge, from the top floor down. Rooms on one floor do not import each other.
const FLOORS: [&[&str]; 22] = [
    &["lib"],
    &["exec"],
    &["kernel", "terminal"],
    &["cell", "completion"],
    &["magics"],
    &["packages"],
    &["transfer"],
    &["session"],
    &["server"],
    &["local_python"],
    &["display"],
    &["agent"],
    &["history"],
    &["output"],
    &["language"],
    &["settings"],
    &["policy"],
    &["records"],
    &["platform"],
    &["error"],
    &["kind"],
    &["visible"],
];

/// Rooms in which every file is pure. In other rooms a file is pure if the text at its head says "Pure.".
const PURE_ROOMS: [&str; 2] = ["language", "output"];

/// What a pure file must not use.
const EFFECTS: [&str; 11] = [
    "reqwest",
    "rustix",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "tempfile",
    "tokio",
    "tokio_util",
];

#[test]
fn each_room_of_the_bridge_imports_only_rooms_below_it() {
    assert_none(upward_imports(&Crate::read("bridge")));
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    let crates = ["bridge", "jupyter", "livy", "local"].map(Crate::read);
    assert_none(crates.iter().flat_map(circular_imports).collect());
}

#[test]
fn pure_files_have_no_input_or_output() {
    assert_none(effects_in_pure_files(&Crate::read("bridge")));
}

#[track_caller]
fn assert_none(mut violations: Vec<String>) {
    violations.dedup();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

fn upward_imports(source: &Crate) -> Vec<String> {
    let is_wrong = |from: &str, to: &str| room(from) != room(to) && floor(from) >= floor(to);
    let wrong = source.imports().filter(|(from, _, to)| is_wrong(from, to));
    let why = |from: &str, to: &str| format!("{} is not below {}", room(to), room(from));
    wrong.map(|(from, path, to)| source.violation(from, path, &why(from, to))).collect()
}

fn circular_imports(source: &Crate) -> Vec<String> {
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, _, to) in source.imports() {
        arrows.entry(from).or_default().insert(to);
    }
    let wrong = source.imports().filter(|(from, _, to)| reachable(&arrows, to).contains(from));
    let why =
        |from: &str, to: &str| format!("{to} imports {from} in turn, itself or through others");
    wrong.map(|(from, path, to)| source.violation(from, path, &why(from, to))).collect()
}

fn effects_in_pure_files(source: &Crate) -> Vec<String> {
    let pure = source.0.iter().filter(|(module, file)| is_pure(module, &file.text));
    let paths = pure.flat_map(|(module, file)| file.paths.iter().map(move |path| (module, path)));
    let wrong =
        paths.filter(|(_, path)| EFFECTS.iter().any(|effect| begins_with(&path.names, effect)));
    wrong.map(|(module, path)| source.violation(module, path, "this file is pure")).collect()
}

fn room(module: &str) -> &str {
    module.split("::").next().filter(|room| !room.is_empty()).unwrap_or("lib")
}

/// The number of the floor of a module's room, from the top.
fn floor(module: &str) -> usize {
    let at = FLOORS.iter().position(|floor| floor.contains(&room(module)));
    at.unwrap_or_else(|| panic!("the room of {module} has no floor: add it to FLOORS"))
}

fn is_pure(module: &str, text: &str) -> bool {
    let mut head = text.lines().take_while(|line| line.starts_with("//!"));
    PURE_ROOMS.contains(&room(module)) || head.any(|line| line.contains("Pure."))
}

fn begins_with(names: &str, path: &str) -> bool {
    names.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// All that a module imports, itself or through others.
fn reachable<'a>(
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &'a str,
) -> BTreeSet<&'a str> {
    let (mut found, mut pending) = (BTreeSet::new(), vec![from]);
    while let Some(module) = pending.pop() {
        let next = arrows.get(module).into_iter().flatten();
        pending.extend(next.filter(|next| found.insert(**next)));
    }
    found
}

mod tests {
    use std::path::PathBuf;

    use super::*;

    fn bridge(files: &[(&str, &str)]) -> Crate {
        let owned = |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
        Crate::new("bridge", &files.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn finds_an_import_of_a_room_above_and_names_its_line() {
        let files = [("lib.rs", ""), ("kind.rs", ""), ("cell/mod.rs", "use crate::kind::Kind;\n")];
        assert!(upward_imports(&bridge(&files)).is_empty());
        let up = "//! A room.\nuse crate::{\n    cell::run,\n};\n";
        let found =
            upward_imports(&bridge(&[files.as_slice(), &[("magics/help.rs", up)]].concat()));
        assert_eq!(
            found,
            ["kernel/bridge/src/magics/help.rs:3: cell::run,\n    cell is not below magics"]
        );
    }

    #[test]
    fn finds_a_circle_with_a_parent_but_not_one_of_reexports() {
        let lib = ("lib.rs", "mod a;\n");
        let child = ("a/b.rs", "use crate::a::X;\n");
        let circle = bridge(&[lib, ("a/mod.rs", "mod b;\nstruct X;\nfn f() { b::g() }\n"), child]);
        let found = circular_imports(&circle);
        assert!(
            found.len() == 2 && found[0].starts_with("kernel/bridge/src/a/mod.rs:3: fn f()"),
            "{found:?}"
        );
        let reexport =
            ("a/mod.rs", "mod b;\nmod x;\npub use b::B;\npub use x::X;\nfn f() { b::g() }\n");
        assert!(circular_imports(&bridge(&[lib, reexport, child, ("a/x.rs", "")])).is_empty());
    }

    #[test]
    fn finds_effects_in_pure_files_but_not_in_their_tests() {
        let pure = "//! Decides. Pure.\nuse std::{fmt, fs};\n// tokio::x\n#[cfg(test)]\nmod tests {\n    use std::net;\n}\n";
        let found = bridge(&[("session/loss.rs", pure), ("session/start.rs", "use tokio::time;")]);
        let [found] = &effects_in_pure_files(&found)[..] else { panic!("one effect was expected") };
        assert!(found.contains("loss.rs:2: use std::{fmt, fs};"), "{found}");
    }
}
