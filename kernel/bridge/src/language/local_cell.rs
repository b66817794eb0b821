//! Tells cells that a Python of this machine runs from those of the session.

use crate::language::cell_source::skip_to_magic;

/// Returns the code below `%%local`; `None` for all other cells.
pub fn code(cell: &str) -> Option<&str> {
    let cell = skip_to_magic(cell);
    let (first, code) = cell.split_once('\n').unwrap_or((cell, ""));
    first.split_whitespace().next()?.eq_ignore_ascii_case("%%local").then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_cell_begins_with_its_magic() {
        assert_eq!(code("%%local\nx = 1\ny"), Some("x = 1\ny"));
        assert_eq!(code("\n# beside Spark\n%%LOCAL \n%%time\nx"), Some("%%time\nx"));
        assert_eq!(code("%%local"), Some(""));
        for other in ["", "x = 1\n%%local", "%local\nx", "%%locals\nx", "%%sql\n%%local"] {
            assert_eq!(code(other), None, "{other}");
        }
    }
}
