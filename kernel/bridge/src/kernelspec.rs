//! Installs and removes the [kernelspecs](https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs)
//! that lie in `kernelspec/`. They lie there as in a Python environment, where the wheel puts them as
//! they are: their `argv` finds the program from their own folder.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{kind::Kind, settings::LIVY_LOCAL_PYTHON};

/// Where kernelspecs go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The person's own Jupyter data folder.
    User,
    /// The Python environment that is active.
    SysPrefix,
    /// Below a folder.
    Prefix(PathBuf),
}

/// Why a kernelspec was not installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum KernelspecError {
    /// A file or folder refused.
    #[error("{}: {source}; choose another place with --user or --prefix", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no place of the kind asked for.
    #[error("{0}")]
    NoPlace(&'static str),
    /// The program cannot tell where it is itself.
    #[error("the path of this program is unknown ({0}), so no kernel could be started")]
    NoProgram(io::Error),
    /// A built-in kernelspec is broken.
    #[error("the built-in kernel.json is not JSON: {0}")]
    Spec(#[from] serde_json::Error),
}

struct Files {
    kernel_json: &'static str,
    others: [(&'static str, &'static [u8]); 2],
}

macro_rules! file {
    ($read:ident, $kind:literal, $name:literal) => {
        $read!(concat!("../../../kernelspec/data/share/jupyter/kernels/livy-", $kind, "/", $name))
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

/// Installs one kernel, which will start this very program, and tells where.
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

/// Removes one kernel; tells where it was, if it was there.
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

/// A kernel.json that names the program by its absolute path: it works in every environment,
/// whether that is activated or not.
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

/// A kernel that is installed into a Python environment uses the Spark of that environment.
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
        Target::User => user_data()?,
        Target::SysPrefix => sys_prefix()?.join("share/jupyter"),
        Target::Prefix(prefix) => prefix.join("share/jupyter"),
    };
    Ok(data.join("kernels").join(name(kind, profile)))
}

/// What Jupyter calls it.
pub fn name(kind: Kind, profile: Option<&str>) -> String {
    let profile = profile.map(|profile| format!("-{profile}")).unwrap_or_default();
    format!("livy-{}{profile}", kind.as_str())
}

/// [Jupyter's data folder](https://docs.jupyter.org/en/latest/use/jupyter-directories.html#data-files).
pub fn user_data() -> Result<PathBuf, KernelspecError> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("JUPYTER_DATA_DIR") {
        return Ok(folder);
    }
    let home =
        || env::home_dir().ok_or(KernelspecError::NoPlace("there is no home folder; use --prefix"));
    match env::consts::OS {
        "macos" => Ok(home()?.join("Library/Jupyter")),
        "windows" => set("APPDATA")
            .map(|folder| folder.join("jupyter"))
            .ok_or(KernelspecError::NoPlace("APPDATA is not set; use --prefix")),
        _ => match set("XDG_DATA_HOME") {
            Some(folder) => Ok(folder.join("jupyter")),
            None => Ok(home()?.join(".local/share/jupyter")),
        },
    }
}

fn sys_prefix() -> Result<PathBuf, KernelspecError> {
    ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .into_iter()
        .find_map(env::var_os)
        .map(PathBuf::from)
        .or_else(|| ["python3", "python"].into_iter().find_map(prefix_of))
        .ok_or(KernelspecError::NoPlace("no Python environment is active; use --user or --prefix"))
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
    fn an_installed_kernel_starts_this_program_with_its_own_kind() {
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
    fn what_is_uninstalled_is_gone_and_what_was_not_there_is_no_error() {
        let prefix = tempfile::tempdir().unwrap();
        let target = Target::Prefix(prefix.path().to_owned());
        let folder = install(Kind::Sql, None, &target).unwrap();
        assert_eq!(uninstall(Kind::Sql, None, &target).unwrap(), Some(folder.clone()));
        assert!(!folder.exists());
        assert_eq!(uninstall(Kind::Sql, None, &target).unwrap(), None);
    }
}
