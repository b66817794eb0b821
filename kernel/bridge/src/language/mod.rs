//! What the text of a cell alone tells: its language, its magic, its statements. Pure.

pub mod agent_need;
pub mod cell_mark;
pub mod cell_source;
pub mod comment;
pub mod completeness;
pub mod cursor;
pub mod ipython_fallback;
pub mod ipython_syntax;
pub mod local_cell;
pub mod magic_line;
pub mod magic_table;
pub mod misplaced;
pub mod python_literal;
pub mod python_syntax;
pub mod scala;
pub mod sql;
pub mod sql_line;
pub mod unasked_code;
pub mod value_magic;
