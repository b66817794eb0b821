//! Installs and removes the [kernelspecs](https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs)
//! that are in `kernelspec/`. The wheel installs the same files unchanged: their `argv` finds the program
//! relative to their own folder.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    platform::jupyter_paths::{self, NoFolder},
    settings::LIVY_LOCAL_PYTHON,
};

/// A location for kernelspecs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The user's own Jupyter data folder.
    User,
    /// The active Python environment.
    SysPrefix,
    /// `share/jupyter` in this folder.
    Prefix(PathBuf),
}

/// The reason why a kernelspec was not installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum KernelspecError {
    /// A file or folder cannot be written or removed.
    #[error("{}: {source}; choose another location with --user or --prefix", path.display())]
    File {
        /// The path of the file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The environment does not say where the user's kernelspecs are.
    #[error("{0}; name a folder with --prefix")]
    NoUserFolder(#[from] NoFolder),
    /// No Python environment is active.
    #[error("no Python environment is active; use --user or --prefix")]
    NoEnvironment,
    /// The program cannot find its own path.
    #[error(
        "this program cannot find its own path ({0}), which Jupyter needs to start the kernel; install it with pip instead"
    )]
    NoProgram(io::Error),
    /// A built-in kernelspec is not valid JSON.
    #[error("the built-in kernel.json is not valid JSON ({0}); please report this")]
    Spec(#[from] serde_json::Error),
}

/// The files of a kernelspec that are built into the program.
struct Files {
    kernel_json: &'static str,
    others: [(&'static str, &'static [u8]); 2],
}

macro_rules! file {
    ($read:ident, $kind:literal, $name:literal) => {
        $read!(concat!(
            "../../../../kernelspec/data/share/jupyter/kernels/livy-",
            $kind,
            "/",
            $name
        ))
    };
}

macro_rules! files {
    ($kind:literal) => {
        Files {
            kernel_json: file!(include_str, $kind, "kernel.json"),
            others: [
                ("logo-64x64.png", file!(include_bytes, $kind, "logo-64x64.png")),
                ("logo-svg.svg", file!(include_bytes, $kind, "logo-svg.svg")),
            ],
        }
    };
}

fn files(kind: Kind) -> Files {
    match kind {
        Kind::Pyspark => files!("pyspark"),
        Kind::Spark => files!("spark"),
        Kind::Sparkr => files!("sparkr"),
        Kind::Sql => files!("sql"),
    }
}

/// Installs one kernel, which will start this program, and returns its folder.
///
/// # Errors
///
/// Fails if the target is unknown or a file cannot be written.
pub fn install(
    kind: Kind,
    profile: Option<&str>,
    target: &Target,
) -> Result<PathBuf, KernelspecError> {
    let program = env::current_exe().map_err(KernelspecError::NoProgram)?;
    let folder = folder(kind, profile, target)?;
    let files = files(kind);
    let spec = spec(files.kernel_json, &program, profile, python(target)?.as_deref())?;
    write(&folder, "kernel.json", spec.as_bytes())?;
    for (name, content) in files.others {
        write(&folder, name, content)?;
    }
    Ok(folder)
}

/// Removes one kernel, and returns its folder if it was installed.
///
/// # Errors
///
/// Fails if the target is unknown or the folder cannot be removed.
pub fn uninstall(
    kind: Kind,
    profile: Option<&str>,
    target: &Target,
) -> Result<Option<PathBuf>, KernelspecError> {
    let folder = folder(kind, profile, target)?;
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KernelspecError::File { path: folder, source }),
    }
}

/// Returns a kernel.json that names the program by its absolute path, so that it works in every
/// environment, activated or not.
fn spec(
    kernel_json: &str,
    program: &Path,
    profile: Option<&str>,
    python: Option<&Path>,
) -> Result<String, serde_json::Error> {
    let mut spec: Value = serde_json::from_str(kernel_json)?;
    if let Some(first) = spec.pointer_mut("/argv/0") {
        *first = program.to_string_lossy().into();
    }
    if let (Some(profile), Some(argv)) = (profile, spec["argv"].as_array_mut()) {
        argv.extend(["--profile".into(), profile.into()]);
        let name = spec["display_name"].as_str().unwrap_or_default();
        spec["display_name"] = name.replace("(Livy)", &format!("(Livy, {profile})")).into();
    }
    if let Some(python) = python {
        spec["env"] = json!({ LIVY_LOCAL_PYTHON: python.to_string_lossy() });
    }
    Ok(format!("{spec:#}\n"))
}

/// Finds the Python of the target: a kernel in a Python environment uses the Spark of that environment.
fn python(target: &Target) -> Result<Option<PathBuf>, KernelspecError> {
    let prefix = match target {
        Target::User => return Ok(None),
        Target::SysPrefix => sys_prefix()?,
        Target::Prefix(prefix) => prefix.clone(),
    };
    let python = ["bin/python", "python.exe"].map(|name| prefix.join(name));
    Ok(python.into_iter().find(|python| python.exists()))
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), KernelspecError> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, content))
        .map_err(|source| KernelspecError::File { path, source })
}

fn folder(kind: Kind, profile: Option<&str>, target: &Target) -> Result<PathBuf, KernelspecError> {
    let data = match target {
        Target::User => jupyter_paths::data_folder()?,
        Target::SysPrefix => sys_prefix()?.join("share/jupyter"),
        Target::Prefix(prefix) => prefix.join("share/jupyter"),
    };
    Ok(data.join("kernels").join(name(kind, profile)))
}

/// Returns the name of the kernelspec, as Jupyter lists it.
pub fn name(kind: Kind, profile: Option<&str>) -> String {
    let profile = profile.map(|profile| format!("-{profile}")).unwrap_or_default();
    format!("livy-{}{profile}", kind.as_str())
}

fn sys_prefix() -> Result<PathBuf, KernelspecError> {
    ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .into_iter()
        .find_map(env::var_os)
        .map(PathBuf::from)
        .or_else(|| ["python3", "python"].into_iter().find_map(prefix_of))
        .ok_or(KernelspecError::NoEnvironment)
}

fn prefix_of(python: &str) -> Option<PathBuf> {
    let output =
        Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).output().ok()?;
    let prefix = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| PathBuf::from(prefix.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_kernel_starts_this_program_with_its_kind() {
        let prefix = tempfile::tempdir().unwrap();
        let target = Target::Prefix(prefix.path().to_owned());
        for kind in Kind::ALL {
            let folder = install(kind, None, &target).unwrap();
            let spec: Value =
                serde_json::from_str(&fs::read_to_string(folder.join("kernel.json")).unwrap())
                    .unwrap();
            let program = env::current_exe().unwrap();
            assert_eq!(spec["argv"][0], program.to_str().unwrap());
            assert_eq!(spec["argv"][3], kind.as_str());
            assert_eq!(spec["interrupt_mode"], "message");
            assert!(folder.join("logo-svg.svg").exists() && folder.join("logo-64x64.png").exists());
        }
    }

    #[test]
    fn a_profile_has_a_kernel_of_its_own() {
        let prefix = tempfile::tempdir().unwrap();
        let target = Target::Prefix(prefix.path().to_owned());
        let folder = install(Kind::Sql, Some("prod"), &target).unwrap();
        assert!(folder.ends_with("livy-sql-prod"));
        let spec = fs::read_to_string(folder.join("kernel.json")).unwrap();
        let spec: Value = serde_json::from_str(&spec).unwrap();
        assert_eq!(spec["display_name"], "Spark SQL (Livy, prod)");
        assert_eq!(spec["argv"].as_array().unwrap().last().unwrap(), "prod");
        assert_eq!(uninstall(Kind::Sql, None, &target).unwrap(), None);
        assert_eq!(uninstall(Kind::Sql, Some("prod"), &target).unwrap(), Some(folder));
    }

    #[test]
    fn a_kernel_in_a_python_environment_uses_its_spark() {
        let prefix = tempfile::tempdir().unwrap();
        fs::create_dir(prefix.path().join("bin")).unwrap();
        let python = prefix.path().join("bin/python");
        fs::write(&python, "").unwrap();
        let folder =
            install(Kind::Pyspark, None, &Target::Prefix(prefix.path().to_owned())).unwrap();
        let spec: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("kernel.json")).unwrap()).unwrap();
        assert_eq!(spec["env"], json!({"LIVY_LOCAL_PYTHON": python.to_str().unwrap()}));
    }

    #[test]
    fn uninstalling_removes_the_kernel_if_it_is_there() {
        let prefix = tempfile::tempdir().unwrap();
        let target = Target::Prefix(prefix.path().to_owned());
        let folder = install(Kind::Sql, None, &target).unwrap();
        assert_eq!(uninstall(Kind::Sql, None, &target).unwrap(), Some(folder.clone()));
        assert!(!folder.exists());
        assert_eq!(uninstall(Kind::Sql, None, &target).unwrap(), None);
    }
}
