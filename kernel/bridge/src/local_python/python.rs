//! Finds a Python of this machine that has what is needed: the one that the user's settings name, or that of Jupyter.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::error::CellError;

/// How long a Python may take to say whether it has ipykernel.
const PROBE_LIMIT: Duration = Duration::from_secs(20);
const PROBE: &str =
    "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)";

/// A module that Python must have.
pub struct Need {
    module: &'static str,
    what_for: &'static str,
    how_to_install: &'static str,
}

/// What `%%local` needs.
pub const IPYKERNEL: Need = Need {
    module: "ipykernel",
    what_for: "%%local runs in ipykernel on this machine",
    how_to_install: "python3 -m pip install ipykernel",
};

/// What `%pip install --from-here` needs.
pub const PIP: Need = Need {
    module: "pip",
    what_for: "%pip install --from-here runs pip on this machine",
    how_to_install: "python3 -m ensurepip, or Debian's python3-pip",
};

/// Returns the first Python that has the module.
///
/// # Errors
///
/// None has it, or the one that was asked for does not.
pub async fn with(need: &Need, asked: Option<&Path>) -> Result<PathBuf, CellError> {
    if let Some(python) = asked {
        return match has(python, need).await {
            true => Ok(python.to_owned()),
            false => {
                let why = format!("{}, which local.python names, has none", python.display());
                Err(missing(need, &why))
            }
        };
    }
    for python in candidates() {
        if has(&python, need).await {
            return Ok(python);
        }
    }
    Err(missing(need, "no Python that was found here has it"))
}

fn missing(need: &Need, why: &str) -> CellError {
    CellError::new(
        "LocalPythonError",
        format!("{}, and {why}", need.what_for),
        &format!(
            "Install it ({}), or name a Python that has it: local.python in livy-kernel.toml, or \
             LIVY_LOCAL_CELLS_PYTHON.",
            need.how_to_install
        ),
    )
}

/// The Pythons to try: Jupyter's own comes first.
fn candidates() -> impl Iterator<Item = PathBuf> {
    let beside = |program: PathBuf| Some(program.parent()?.join("python3"));
    let in_environment = |name| Some(PathBuf::from(env::var_os(name)?).join("bin/python"));
    [
        env::current_exe().ok().and_then(beside),
        interpreter_of_parent(),
        in_environment("VIRTUAL_ENV"),
        in_environment("CONDA_PREFIX"),
        Some("python3".into()),
        Some("python".into()),
    ]
    .into_iter()
    .flatten()
}

/// The Python that has started this program, by the name by which it finds its packages.
#[cfg(target_os = "linux")]
fn interpreter_of_parent() -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;

    let process = PathBuf::from(format!("/proc/{}", std::os::unix::process::parent_id()));
    let command = std::fs::read(process.join("cmdline")).ok()?;
    let program = std::ffi::OsStr::from_bytes(command.split(|&byte| byte == 0).next()?);
    // A name without a folder is looked up in PATH, where the last candidates are.
    let is_path = program.as_bytes().contains(&b'/');
    let is_python = Path::new(program).file_name()?.to_str()?.starts_with("python");
    let folder = std::fs::read_link(process.join("cwd")).ok()?;
    (is_path && is_python).then(|| folder.join(program))
}

#[cfg(not(target_os = "linux"))]
fn interpreter_of_parent() -> Option<PathBuf> {
    None
}

async fn has(python: &Path, need: &Need) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", PROBE, need.module]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let probed = timeout(PROBE_LIMIT, command.kill_on_drop(true).status()).await;
    matches!(probed, Ok(Ok(status)) if status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_python_that_was_asked_for_is_not_replaced_by_another() {
        let failure = with(&IPYKERNEL, Some(Path::new("/no/such/python"))).await.unwrap_err();
        assert!(
            failure.evalue.contains("/no/such/python, which local.python names"),
            "{failure:?}"
        );
        assert!(failure.traceback[1].contains("pip install ipykernel"), "{failure:?}");
    }
}
