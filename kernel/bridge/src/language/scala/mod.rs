//! What Livy's Scala REPL must be given for the code to mean what it means in a file, and what its compiler
//! says about that code. Pure.

mod cell_lines;
mod definition;
mod for_the_repl;
mod group;
mod mark;
mod remarks;
mod shell_messages;
pub mod shown_rows;
pub mod stack;
mod statement;
pub mod system_out;
mod token;

use std::borrow::Cow;

pub use cell_lines::{is_not_compiled, is_of_the_compiler};
pub use for_the_repl::for_the_repl;

/// What the compiler says, about the lines of the cell and with the code as it is written there.
pub fn as_written<'t>(text: &'t str, cell: &str) -> Cow<'t, str> {
    let placed = shell_messages::in_form_of_2_12(text, cell);
    let unmarked = mapped(placed, mark::without_marks);
    mapped(unmarked, |text| cell_lines::with_cell_lines(text, cell))
}

/// Changes a text; only one that really changes is copied.
fn mapped<'t>(text: Cow<'t, str>, change: impl Fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    match change(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

/// Whether code has comments and nothing else.
pub fn is_only_comments(code: &str) -> bool {
    token::tokens(code).is_empty() && !code.trim().is_empty()
}
