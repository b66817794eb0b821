//! The files of a crate, and which of them imports which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::paths::{CodePath, join, paths_in, without_tests_and_comments};

/// The files of a crate by their modules: `lib.rs` is the module with an empty name.
pub struct Crate(pub BTreeMap<String, File>);

pub struct File {
    pub path: PathBuf,
    pub text: String,
    pub paths: Vec<CodePath>,
}

impl Crate {
    pub fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        let mut files = Vec::new();
        collect(&folder, &mut files);
        let named = |path: PathBuf| (path.strip_prefix(&folder).unwrap().to_owned(), path);
        let read = |(name, path): (PathBuf, PathBuf)| (name, fs::read_to_string(path).unwrap());
        let files: Vec<_> = files.into_iter().map(named).map(read).collect();
        Self::new(name, &files)
    }

    pub fn new(name: &str, files: &[(PathBuf, String)]) -> Self {
        let mut modules = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for (path, text) in files {
            let module = module_of(path);
            let (code, test_modules) = without_tests_and_comments(text);
            tests.extend(test_modules.into_iter().map(|test| join(&module, &test)));
            let path = Path::new("kernel").join(name).join("src").join(path);
            modules.insert(module, File { path, text: text.clone(), paths: paths_in(&code) });
        }
        modules.retain(|module, _| !tests.contains(module));
        Self(modules)
    }

    /// The module that a path leads to from a module, through the re-exports of others.
    fn target(&self, from: &str, names: &str) -> Option<&str> {
        let (first, rest) = names.split_once("::").unwrap_or((names, ""));
        let absolute = match first {
            "crate" => rest.to_owned(),
            "self" => join(from, rest),
            "super" if rest.starts_with("super") => return self.target(parent(from), rest),
            "super" => join(parent(from), rest),
            _ if self.0.contains_key(&join(from, first)) => join(from, names),
            _ => return None,
        };
        let mut module = absolute.as_str();
        while !self.0.contains_key(module) {
            module = parent(module);
        }
        let (module, file) = self.0.get_key_value(module)?;
        let name = absolute[module.len()..].trim_start_matches("::").split("::").next()?;
        let is_it =
            |path: &&CodePath| path.is_reexport && path.names.rsplit("::").next() == Some(name);
        let reexport = file.paths.iter().find(is_it).filter(|_| !name.is_empty());
        reexport.and_then(|path| self.target(module, &path.names)).or(Some(module))
    }

    /// Each import of another file of the crate: from where, by which path, and to where.
    pub fn imports(&self) -> impl Iterator<Item = (&str, &CodePath, &str)> {
        self.0
            .iter()
            .flat_map(move |(from, file)| {
                let imports = file.paths.iter().filter(|path| !path.is_reexport);
                imports.filter_map(move |path| {
                    Some((from.as_str(), path, self.target(from, &path.names)?))
                })
            })
            .filter(|(from, _, to)| from != to)
    }

    /// The place of a path in the text of a module, and what is wrong with it.
    pub fn violation(&self, module: &str, path: &CodePath, why: &str) -> String {
        let (file, number) = (&self.0[module], path.line + 1);
        let line = file.text.lines().nth(path.line).unwrap_or_default().trim();
        format!("{}:{number}: {line}\n    {why}", file.path.display())
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            _ if path.is_dir() => collect(&path, files),
            Some(extension) if extension == "rs" && !path.ends_with("main.rs") => files.push(path),
            _ => {}
        }
    }
}

fn module_of(path: &Path) -> String {
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap());
    names.filter(|name| !matches!(*name, "mod" | "lib")).collect::<Vec<_>>().join("::")
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}
