//! Finds [Jupyter's folders](https://docs.jupyter.org/en/latest/use/jupyter-directories.html).

use std::{env, path::PathBuf};

/// The error if the environment does not say where the user's files are.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoFolder(&'static str);

/// Returns [Jupyter's data folder](https://docs.jupyter.org/en/latest/use/jupyter-directories.html#data-files).
///
/// # Errors
///
/// Fails if the environment does not name the user's home folder.
pub fn data_folder() -> Result<PathBuf, NoFolder> {
    if let Some(folder) = folder_from_env("JUPYTER_DATA_DIR") {
        return Ok(folder);
    }
    let home = || env::home_dir().ok_or(NoFolder("there is no home folder"));
    match env::consts::OS {
        "macos" => Ok(home()?.join("Library/Jupyter")),
        "windows" => folder_from_env("APPDATA")
            .map(|folder| folder.join("jupyter"))
            .ok_or(NoFolder("APPDATA is not set")),
        _ => match folder_from_env("XDG_DATA_HOME") {
            Some(folder) => Ok(folder.join("jupyter")),
            None => Ok(home()?.join(".local/share/jupyter")),
        },
    }
}

/// Where the kernels of this person keep what has this name.
///
/// # Errors
///
/// Those of [`data_folder`].
pub fn kernels_folder(name: &str) -> Result<PathBuf, NoFolder> {
    Ok(data_folder()?.join("livy-kernel").join(name))
}

/// Returns [Jupyter's config folder](https://docs.jupyter.org/en/latest/use/jupyter-directories.html#configuration-files).
pub fn config_folder() -> Option<PathBuf> {
    folder_from_env("JUPYTER_CONFIG_DIR").or_else(|| Some(env::home_dir()?.join(".jupyter")))
}

/// Returns the folder for [files of running kernels](https://docs.jupyter.org/en/latest/use/jupyter-directories.html#runtime-files).
pub fn runtime_folder() -> Option<PathBuf> {
    folder_from_env("JUPYTER_RUNTIME_DIR").or_else(|| Some(data_folder().ok()?.join("runtime")))
}

/// Returns the folder that an environment variable names, if it is set.
pub fn folder_from_env(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
