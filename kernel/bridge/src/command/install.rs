use super::{CommandError, say};
use crate::{cli::Install, kernelspec};

/// Installs the kernels.
pub fn install(options: &Install) -> Result<(), CommandError> {
    for kind in options.kinds() {
        let folder = kernelspec::install(kind, &options.target())?;
        say(format!("installed livy-{} in {}", kind.as_str(), folder.display()));
    }
    Ok(())
}

/// Removes the kernels.
pub fn uninstall(options: &Install) -> Result<(), CommandError> {
    for kind in options.kinds() {
        let name = kind.as_str();
        match kernelspec::uninstall(kind, &options.target())? {
            Some(folder) => say(format!("removed livy-{name} from {}", folder.display())),
            None => say(format!("livy-{name} was not installed there")),
        }
    }
    Ok(())
}
