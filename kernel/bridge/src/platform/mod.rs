//! Code that depends on the operating system or the runtime: processes, signals, files, tasks.

pub mod command_line;
pub mod file_limit;
pub mod host_usage;
pub mod jupyter_paths;
pub mod log_file;
pub mod parent_watch;
pub mod private_file;
pub mod process_alive;
pub mod signals;
pub mod state_files;
pub mod task;
