//! `%lsmagic` and `%help`: which magics there are, and what each does.

use crate::{
    display::panel::Text,
    language::magic_table::{self, Magic, RunBy},
};

/// Their names, by who carries them out.
pub fn names() -> Text {
    let of = |whose: &str, by: fn(&RunBy) -> bool| {
        let names: Vec<&str> = magic_table::MAGICS
            .iter()
            .filter(|magic| by(&magic.by))
            .map(|magic| magic.name)
            .collect();
        format!("{whose}: {}", names.join("  "))
    };
    let lines = [
        of("Languages of a cell", |by| matches!(by, RunBy::Language(_))),
        of("The kernel's, alone in a cell", |by| matches!(by, RunBy::Kernel | RunBy::Cell)),
        of("In Python", |by| *by == RunBy::Agent),
        of("Livy's, in Python and Scala", |by| *by == RunBy::Livy),
    ];
    Text::lines(&lines.each_ref().map(String::as_str))
}

/// All of them with what they do.
pub fn all() -> Text {
    let row = |magic: &Magic| (magic.name, magic.help.replace('\n', " "));
    Text::fields(&magic_table::MAGICS.iter().map(row).collect::<Vec<_>>())
}
