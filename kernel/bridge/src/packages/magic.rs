//! The line of `%pip install --from-here`.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{
    error::CellError,
    language::{
        cell_source,
        magic_line::{self, MagicRequest},
    },
    platform::command_line::quote,
};

const OPTION: &str = "--from-here";

/// What is to be installed. The options are those of
/// [pip](https://pip.pypa.io/en/stable/cli/pip_install/#options) that make sense on both machines.
#[derive(Args, Debug, Default, PartialEq, Eq)]
pub struct FromHere {
    /// Download on this machine, for the driver's Python, and carry the packages there
    #[arg(long, required = true)]
    from_here: bool,
    /// Install newer versions of packages that are there
    #[arg(short = 'U', long)]
    upgrade: bool,
    /// Install again what is there
    #[arg(long)]
    pub force_reinstall: bool,
    /// Take pre-releases, too
    #[arg(long)]
    pre: bool,
    /// Leave out what the packages need
    #[arg(long)]
    no_deps: bool,
    /// The package index of this machine
    #[arg(short, long, value_name = "URL")]
    index_url: Option<String>,
    /// One more package index of this machine
    #[arg(long, value_name = "URL")]
    extra_index_url: Vec<String>,
    /// Use no package index
    #[arg(long)]
    no_index: bool,
    /// A folder or page with wheels
    #[arg(short, long, value_name = "PATH")]
    find_links: Vec<String>,
    /// A file of this machine that lists packages
    #[arg(short, long = "requirement", value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// A file of this machine that limits versions
    #[arg(short, long = "constraint", value_name = "FILE")]
    constraints: Vec<PathBuf>,
    /// The packages: names, or wheels of this machine
    #[arg(value_name = "PACKAGE", required_unless_present = "requirements")]
    packages: Vec<String>,
}

#[derive(Debug, Parser)]
#[command(multicall = true, disable_help_subcommand = true)]
enum Line {
    /// Install packages for the session
    #[command(name = "%pip", disable_help_subcommand = true)]
    Pip {
        #[command(subcommand)]
        command: Command,
    },
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install packages that this machine downloads
    Install(FromHere),
}

/// Parses a cell that is this magic; `None` for all other cells, those of `%pip` without the option among them.
///
/// # Errors
///
/// The options are wrong, or the cell has other lines.
pub fn parse(cell: &str) -> Option<Result<MagicRequest<FromHere>, CellError>> {
    let cell = cell_source::skip_to_magic(cell).trim_end();
    let (line, rest) = cell.split_once('\n').unwrap_or((cell, ""));
    let mut words = line.split_whitespace();
    let is_pip = words.next()?.eq_ignore_ascii_case("%pip");
    if !is_pip || !words.any(|word| word == OPTION) {
        return None;
    }
    if !rest.is_empty() {
        return Some(Err(CellError::new(
            "UsageError",
            "%pip install --from-here needs a cell of its own",
            "Put the other lines into the next cell.",
        )));
    }
    let request = |Line::Pip { command: Command::Install(request) }: Line| request;
    Some(magic_line::parse::<Line>(line).map(|asked| asked.map(request)))
}

impl FromHere {
    /// What pip of this machine is told, beside the driver's Python.
    pub fn words_for_download(&self) -> Vec<String> {
        let flags =
            [("--pre", self.pre), ("--no-deps", self.no_deps), ("--no-index", self.no_index)];
        let path = |path: &PathBuf| path.display().to_string();
        let mut words = set(&flags);
        words.extend(options("--index-url", &self.index_url));
        words.extend(options("--extra-index-url", &self.extra_index_url));
        words.extend(options("--find-links", &self.find_links));
        words.extend(options("--requirement", self.requirements.iter().map(path)));
        words.extend(options("--constraint", self.constraints.iter().map(path)));
        words.extend(self.packages.iter().cloned());
        words
    }

    /// The cell that installs the packages on the driver, from this folder of it.
    pub fn cell_of_driver(&self, wheels: &str) -> String {
        let flags = [
            ("--upgrade", self.upgrade),
            ("--force-reinstall", self.force_reinstall),
            ("--pre", self.pre),
            ("--no-deps", self.no_deps),
        ];
        let mut words = vec!["--no-index".to_owned(), "--find-links".to_owned(), wheels.to_owned()];
        words.extend(set(&flags));
        let lists =
            (0..self.requirements.len()).map(|number| in_folder(wheels, &list_name(number)));
        words.extend(options("--requirement", lists));
        words.extend(self.packages.iter().map(|package| on_driver(package, wheels)));
        let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
        format!("%pip install {}", words.join(" "))
    }
}

/// The name on the driver of a file that lists packages.
pub fn list_name(number: usize) -> String {
    format!("requirements-{number}.txt")
}

/// A package as the driver's pip is told it: a wheel of this machine has been carried there.
fn on_driver(package: &str, wheels: &str) -> String {
    let name = Path::new(package).file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if name.ends_with(".whl") => in_folder(wheels, name),
        _ => package.to_owned(),
    }
}

fn in_folder(folder: &str, name: &str) -> String {
    format!("{folder}/{name}")
}

fn set(flags: &[(&str, bool)]) -> Vec<String> {
    flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()).collect()
}

fn options<T: ToString>(
    name: &'static str,
    values: impl IntoIterator<Item = T>,
) -> impl Iterator<Item = String> {
    values.into_iter().flat_map(move |value| [name.to_owned(), value.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cell: &str) -> FromHere {
        match parse(cell).expect(cell).expect(cell) {
            MagicRequest::Run(request) => request,
            MagicRequest::Help(help) => panic!("{help}"),
        }
    }

    #[test]
    fn pip_of_both_machines_is_told_what_it_needs() {
        let request = asked(
            "# wheels\n%pip install --from-here -U --pre -i https://index -r my.txt 'a >= 1' ./b-1-py3-none-any.whl\n",
        );
        let words = request.words_for_download().join(" ");
        assert_eq!(
            words,
            "--pre --index-url https://index --requirement my.txt a >= 1 ./b-1-py3-none-any.whl"
        );
        assert_eq!(
            request.cell_of_driver("/tmp/w"),
            "%pip install --no-index --find-links /tmp/w --upgrade --pre --requirement /tmp/w/requirements-0.txt \
             'a >= 1' /tmp/w/b-1-py3-none-any.whl"
        );
    }

    #[test]
    fn all_other_cells_of_pip_are_the_drivers() {
        for other in [
            "",
            "%pip install a",
            "x = '--from-here'",
            "%pip list",
            "1\n%pip install --from-here a",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn wrong_lines_are_told() {
        for wrong in [
            "%pip install --from-here",
            "%pip install --from-here --target x a",
            "%pip uninstall --from-here a",
            "%pip install --from-here a\nimport a",
        ] {
            assert_eq!(parse(wrong).unwrap().unwrap_err().ename, "UsageError", "{wrong}");
        }
    }
}
