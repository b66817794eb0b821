use super::{CommandError, say};
use crate::{
    cli::Install,
    kernelspec::{self, KernelspecError},
    kind::Kind,
    settings,
};

/// Installs the kernels. They are told of afterwards, so that a closed pipe stops nothing.
pub fn install(options: &Install, profile: Option<&str>) -> Result<(), CommandError> {
    if profile.is_some() {
        // A kernel without it would fail in its first cell.
        settings::current().check_profile()?;
    }
    let install = |kind: Kind| {
        let folder = kernelspec::install(kind, profile, &options.target())?;
        Ok(format!("installed {} in {}", kernelspec::name(kind, profile), folder.display()))
    };
    tell(options.kinds().into_iter().map(install).collect())
}

/// Removes the kernels.
pub fn uninstall(options: &Install, profile: Option<&str>) -> Result<(), CommandError> {
    let uninstall = |kind: Kind| {
        let name = kernelspec::name(kind, profile);
        Ok(match kernelspec::uninstall(kind, profile, &options.target())? {
            Some(folder) => format!("removed {name} from {}", folder.display()),
            None => format!("{name} was not installed there"),
        })
    };
    tell(options.kinds().into_iter().map(uninstall).collect())
}

fn tell(done: Vec<Result<String, KernelspecError>>) -> Result<(), CommandError> {
    for line in done {
        say(line?)?;
    }
    Ok(())
}
