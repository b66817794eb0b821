use super::{CommandError, say};
use crate::{
    cli::Install,
    kernelspec::{self, KernelspecError},
    kind::Kind,
};

/// Installs the kernels. They are told of afterwards, so that a closed pipe stops nothing.
pub fn install(options: &Install) -> Result<(), CommandError> {
    let install = |kind: Kind| {
        let folder = kernelspec::install(kind, &options.target())?;
        Ok(format!("installed livy-{} in {}", kind.as_str(), folder.display()))
    };
    tell(options.kinds().into_iter().map(install).collect())
}

/// Removes the kernels.
pub fn uninstall(options: &Install) -> Result<(), CommandError> {
    let uninstall = |kind: Kind| {
        let name = kind.as_str();
        Ok(match kernelspec::uninstall(kind, &options.target())? {
            Some(folder) => format!("removed livy-{name} from {}", folder.display()),
            None => format!("livy-{name} was not installed there"),
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
