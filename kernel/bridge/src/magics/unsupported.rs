//! Magics of sparkmagic that have no meaning here, and what to do instead.

use crate::error::CellError;

/// The names of a magic, why it has no meaning, and what to do instead.
const UNSUPPORTED: [(&[&str], &str, &str); 1] = [(
    &["%manage_spark", "%%manage_spark", "%spark"],
    "this kernel already runs on Spark",
    "Manage sessions with %sessions, %attach, %delete and %cleanup; the server is a setting.",
)];

/// Returns the error of a cell with such a magic; `None` for all other cells.
pub fn why_not(name: &str) -> Option<CellError> {
    let is_meant = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (.., why, next) = UNSUPPORTED.iter().find(|(names, ..)| is_meant(names))?;
    Some(CellError::new("UsageError", format!("{name} is not supported: {why}"), next))
}
