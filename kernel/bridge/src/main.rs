//! `livy-kernel`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    livy_kernel::main()
}
