//! The number of files that this process and its children may open (`ulimit -n`). If it is too low,
//! connections fail with errors that do not say so.

/// A lower limit is raised to this, which is what most systems allow.
const USUAL_LIMIT: u64 = 1024;
/// A kernel has about 20 sockets of its own, and two for each connection of a frontend.
const NEEDED_BY_KERNEL: u64 = 64;
/// Spark opens each of its 300 jars.
const NEEDED_BY_SPARK: u64 = 512;

const NEXT: &str = "Raise the limit (ulimit -n) in the shell that starts Jupyter.";

/// Raises a low limit, as far as the system allows.
///
/// # Errors
///
/// Returns a message for the user if the limit remains too low for a kernel.
pub fn raise_for_kernel() -> Result<(), String> {
    let limit = system::raise_to(USUAL_LIMIT);
    match limit < NEEDED_BY_KERNEL {
        true => Err(format!(
            "The kernel may open only {limit} files, but needs {NEEDED_BY_KERNEL}. {NEXT}"
        )),
        false => Ok(()),
    }
}

/// Checks that this process can start Spark.
///
/// # Errors
///
/// Returns a message for the user if the limit is too low.
pub fn check_for_spark() -> Result<(), String> {
    let limit = system::limit();
    match limit < NEEDED_BY_SPARK {
        true => {
            Err(format!("Spark may open only {limit} files, but needs {NEEDED_BY_SPARK}. {NEXT}"))
        }
        false => Ok(()),
    }
}

#[cfg(unix)]
mod system {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Returns the limit as a number; without a limit, the largest.
    fn number(limit: Option<u64>) -> u64 {
        limit.unwrap_or(u64::MAX)
    }

    pub fn limit() -> u64 {
        number(getrlimit(Resource::Nofile).current)
    }

    pub fn raise_to(wanted: u64) -> u64 {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let allowed = wanted.min(number(maximum));
        if number(current) < allowed {
            let raised = Rlimit { current: Some(allowed), maximum };
            if let Err(error) = setrlimit(Resource::Nofile, raised) {
                tracing::debug!("the number of open files stays limited: {error}");
            }
        }
        limit()
    }
}

#[cfg(not(unix))]
mod system {
    pub fn limit() -> u64 {
        u64::MAX
    }

    pub fn raise_to(_: u64) -> u64 {
        limit()
    }
}
