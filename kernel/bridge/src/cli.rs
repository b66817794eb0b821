//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{kernelspec::Target, kind::Kind};

/// Runs notebook cells on Spark through Apache Livy.
#[derive(Debug, Parser)]
#[command(name = "livy-kernel", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a kernel; Jupyter does this
    Run(Run),
    /// Install the kernels, so that Jupyter finds them
    Install(Install),
    /// Remove the kernels
    Uninstall(Install),
    /// Serve Livy's REST protocol with Spark on this machine
    Local(Local),
}

/// Options of `run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The language of the kernel
    #[arg(long, value_enum, default_value = "pyspark")]
    pub kind: Kind,
    /// The file that Jupyter wrote the kernel's addresses to
    #[arg(long, value_name = "FILE")]
    pub connection_file: PathBuf,
}

/// Options of `install` and `uninstall`.
#[derive(Args, Debug)]
pub struct Install {
    #[command(flatten)]
    place: Place,
    /// Only these kernels; all by default
    #[arg(long, value_enum, value_delimiter = ',')]
    pub kind: Vec<Kind>,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct Place {
    /// In the Jupyter data folder of the person (the default)
    #[arg(long)]
    user: bool,
    /// In the Python environment that is active
    #[arg(long)]
    sys_prefix: bool,
    /// In PATH/share/jupyter/kernels
    #[arg(long, value_name = "PATH")]
    prefix: Option<PathBuf>,
}

impl Install {
    /// Where to.
    pub fn target(&self) -> Target {
        match &self.place {
            Place { prefix: Some(prefix), .. } => Target::Prefix(prefix.clone()),
            Place { sys_prefix: true, .. } => Target::SysPrefix,
            Place { .. } => Target::User,
        }
    }

    /// Which kernels.
    pub fn kinds(&self) -> Vec<Kind> {
        match self.kind.is_empty() {
            true => Kind::ALL.to_vec(),
            false => self.kind.clone(),
        }
    }
}

/// Options of `local`.
#[derive(Args, Debug)]
pub struct Local {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The secret that clients must know; a random one by default
    #[arg(long, env = "LIVY_LOCAL_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The Python that has pyspark; the one that is found by default
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_kernel_is_installed_in_one_place() {
        let parse =
            |args: &[&str]| Cli::try_parse_from([&["livy-kernel", "install"], args].concat());
        assert!(parse(&["--user", "--sys-prefix"]).is_err());
        let Ok(Cli { command: Command::Install(install) }) =
            parse(&["--prefix", "/p", "--kind", "sql,spark"])
        else {
            panic!("it parses");
        };
        assert_eq!(install.target(), Target::Prefix("/p".into()));
        assert_eq!(install.kinds(), [Kind::Sql, Kind::Spark]);
    }
}
