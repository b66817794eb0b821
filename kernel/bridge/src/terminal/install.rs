//! `install` and `uninstall`: put the kernels where Jupyter finds them, and remove them.

use crate::{
    kind::Kind,
    settings::Settings,
    terminal::{
        cli::Install,
        error::CommandError,
        kernelspec::{self, KernelspecError},
        streams::print,
    },
};

/// Installs the kernels. Messages are printed afterwards, so that a closed pipe interrupts nothing.
///
/// # Errors
///
/// Fails if the profile does not exist or a file cannot be written.
pub fn install(
    options: &Install,
    profile: Option<&str>,
    settings: &Settings,
) -> Result<(), CommandError> {
    if profile.is_some() {
        // A kernel with an unknown profile would fail in its first cell.
        settings.check_profile()?;
    }
    let install = |kind: Kind| {
        let folder = kernelspec::install(kind, profile, &options.target())?;
        Ok(format!("installed {} in {}", kernelspec::name(kind, profile), folder.display()))
    };
    print_all(options.kinds().into_iter().map(install).collect())
}

/// Removes the kernels.
///
/// # Errors
///
/// Fails if a folder cannot be removed.
pub fn uninstall(options: &Install, profile: Option<&str>) -> Result<(), CommandError> {
    let uninstall = |kind: Kind| {
        let name = kernelspec::name(kind, profile);
        Ok(match kernelspec::uninstall(kind, profile, &options.target())? {
            Some(folder) => format!("removed {name} from {}", folder.display()),
            None => format!("{name} is not installed there"),
        })
    };
    print_all(options.kinds().into_iter().map(uninstall).collect())
}

fn print_all(done: Vec<Result<String, KernelspecError>>) -> Result<(), CommandError> {
    for line in done {
        print(line?)?;
    }
    Ok(())
}
