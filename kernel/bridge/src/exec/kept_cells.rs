//! Decides which cells of an earlier run, whose notebook was written until the run was killed, need not run again.
//! Pure.

use crate::exec::notebook::{Cell, Notebook};

/// What nbclient notes of a cell that has ended.
pub const REPLIED: &str = "shell.execute_reply";

/// The cells of an earlier run that stay.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptCells {
    /// The first cell that has to be run.
    pub first: usize,
    /// The number of the last one that was run before it.
    pub count: u32,
    /// The first cell to be run has the code that it had.
    pub goes_on_alike: bool,
}

/// Finds the cells that stay: those that have succeeded, up to the first that has not. None if they have other code
/// now.
pub fn find(notebook: &Notebook, earlier: &Notebook, allow_errors: bool) -> Option<KeptCells> {
    let mut kept = KeptCells { first: 0, count: 0, goes_on_alike: true };
    for (now, before) in notebook.cells.iter().zip(&earlier.cells) {
        let is_alike = now.is_code() == before.is_code() && now.source() == before.source();
        if now.is_runnable() && !has_succeeded(before, allow_errors) {
            return Some(KeptCells { goes_on_alike: is_alike, ..kept });
        }
        if (now.is_runnable() || before.is_runnable()) && !is_alike {
            return None;
        }
        kept.first += 1;
        let count = before.execution_count().and_then(|count| u32::try_from(count).ok());
        kept.count = count.map_or(kept.count, |count| count.max(kept.count));
    }
    Some(KeptCells { goes_on_alike: false, ..kept })
}

fn has_succeeded(cell: &Cell, allow_errors: bool) -> bool {
    let may_fail = allow_errors || cell.may_fail();
    let has_failed = cell.outputs().iter().any(|output| output["output_type"] == "error");
    cell.time_of(REPLIED).is_some() && (may_fail || !has_failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Cells with their numbers; 0 for one that was not run.
    fn notebook(cells: &[(&str, u32)]) -> Notebook {
        let mut notebook = Notebook::of_code("");
        notebook.cells = cells.iter().map(|&(code, count)| cell(code, count)).collect();
        notebook
    }

    fn cell(code: &str, count: u32) -> Cell {
        let mut cell = Cell::of_code(code, &[]);
        if count > 0 {
            cell.set_execution_count(&count.into());
            cell.note_time(REPLIED, "2026-11-30T13:00:00Z");
        }
        cell
    }

    fn kept(now: &[(&str, u32)], before: &[(&str, u32)]) -> Option<(usize, u32, bool)> {
        let kept = find(&notebook(now), &notebook(before), false)?;
        Some((kept.first, kept.count, kept.goes_on_alike))
    }

    #[test]
    fn cells_stay_up_to_the_first_that_has_not_succeeded() {
        let now = [("a", 0), ("", 0), ("b", 0), ("c", 0)];
        assert_eq!(kept(&now, &now), Some((0, 0, true)));
        assert_eq!(kept(&now, &[("a", 1), ("", 0), ("b", 2), ("c", 0)]), Some((3, 2, true)));
        assert_eq!(kept(&now, &[("a", 1), ("", 0), ("b", 2), ("c", 3)]), Some((4, 3, false)));
    }

    #[test]
    fn cells_with_other_code_do_not_stay() {
        let before = [("a", 1), ("b", 2), ("c", 0)];
        assert_eq!(kept(&[("a", 0), ("x", 0), ("c", 0)], &before), None);
        assert_eq!(kept(&[("a", 0), ("b", 0), ("x", 0)], &before), Some((2, 2, false)));
        assert_eq!(kept(&[("a", 0)], &before), Some((1, 1, false)));
    }

    #[test]
    fn a_cell_that_has_failed_runs_again_unless_it_may_fail() {
        let (now, mut before) = (notebook(&[("a", 0), ("b", 0)]), notebook(&[("a", 1), ("b", 0)]));
        before.cells[0].outputs_mut().push(json!({"output_type": "error"}));
        let first = |allow_errors| find(&now, &before, allow_errors).unwrap().first;
        assert_eq!((first(false), first(true)), (0, 1));
    }
}
