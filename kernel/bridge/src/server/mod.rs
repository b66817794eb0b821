//! Reaches Livy servers and what is on them, for the session, the magics and the terminal alike.

pub mod affinity;
pub mod batch_record;
pub mod cleanup;
pub mod connection;
pub mod local_file;
pub mod local_process;
pub mod locate;
pub mod log_follower;
pub mod log_window;
pub mod pace;
pub mod resource;
pub mod session_end;
pub mod session_name;
pub mod session_owner;
