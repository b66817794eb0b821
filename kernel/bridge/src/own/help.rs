//! `%lsmagic` and `%help`: which magics there are, and what each does.

use crate::{
    magic::{self, By, Magic},
    panel::Text,
};

/// Their names, by who carries them out.
pub fn names() -> Text {
    let of = |whose: &str, by: fn(&By) -> bool| {
        let names: Vec<&str> =
            magic::MAGICS.iter().filter(|magic| by(&magic.by)).map(|magic| magic.name).collect();
        format!("{whose}: {}", names.join("  "))
    };
    let lines = [
        of("Languages of a cell", |by| matches!(by, By::Language(_))),
        of("The kernel's, alone in a cell", |by| matches!(by, By::Kernel | By::Cell)),
        of("In Python", |by| *by == By::Agent),
        of("Livy's, in Python and Scala", |by| *by == By::Livy),
    ];
    Text::lines(&lines.each_ref().map(String::as_str))
}

/// All of them with what they do.
pub fn all() -> Text {
    let row = |magic: &Magic| (magic.name, magic.help.replace('\n', " "));
    Text::table(&magic::MAGICS.iter().map(row).collect::<Vec<_>>())
}
