//! Magics of sparkmagic's that have no meaning here, and what to do in their place.

use crate::failure::Failure;

const EXPLAINED: [(&[&str], &str, &str); 3] = [
    (
        &["%%local", "%local"],
        "all cells run in the session, and this kernel has no Python beside the notebook",
        "Take the line away: what `-o` keeps is in the session, and pandas and matplotlib work there.",
    ),
    (
        &["%%send_to_spark", "%send_to_spark"],
        "nothing need be sent, since all cells run in the session",
        "Take the line away. What only this machine has can go through a file that the cluster finds.",
    ),
    (
        &["%manage_spark", "%%manage_spark", "%spark"],
        "this kernel is on Spark already",
        "Sessions are managed by %sessions, %attach, %delete and %cleanup; the server is a setting.",
    ),
];

/// Why such a cell does not run; `None` for all others.
pub fn why_not(name: &str) -> Option<Failure> {
    let is_meant = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let (.., why, next) = EXPLAINED.iter().find(|(names, ..)| is_meant(names))?;
    Some(Failure::new("UsageError", format!("{name} is not done here: {why}"), next))
}
