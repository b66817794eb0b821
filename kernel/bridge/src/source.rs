//! A cell's text: which language it is in, and what follows the magic that says so.

use crate::{kind::Kind, magic};

/// A cell, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The language.
    pub kind: Kind,
    /// The code without the magic.
    pub code: String,
}

/// Reads a cell: `%%sql` and its like on the first line that is not blank choose the language of
/// this cell; otherwise it is the kernel's.
pub fn read(cell: &str, kernel: Kind) -> Source {
    let (first, rest) = match cell.trim_start().split_once('\n') {
        Some((first, rest)) => (first, rest),
        None => (cell.trim_start(), ""),
    };
    match language_magic(first) {
        Some(kind) => Source { kind, code: rest.to_owned() },
        None => Source { kind: kernel, code: cell.to_owned() },
    }
}

fn language_magic(line: &str) -> Option<Kind> {
    magic::named(line.trim_end())?.language()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, kind: Kind, code: &str) {
        assert_eq!(read(cell, Kind::Pyspark), Source { kind, code: code.to_owned() });
    }

    #[test]
    fn a_cell_without_a_magic_is_in_the_kernels_language() {
        check("1 + 1\n2", Kind::Pyspark, "1 + 1\n2");
        check("", Kind::Pyspark, "");
        check("%json x", Kind::Pyspark, "%json x");
        check("%%unknown\nx", Kind::Pyspark, "%%unknown\nx");
    }

    #[test]
    fn a_language_magic_is_taken_off_in_any_case_and_after_blank_lines() {
        check("%%sql\nselect 1", Kind::Sql, "select 1");
        check("\n  \n%%SQL  \nselect 1\n", Kind::Sql, "select 1\n");
        check("%%scala\n1\n2", Kind::Spark, "1\n2");
        check("%%sql", Kind::Sql, "");
    }
}
