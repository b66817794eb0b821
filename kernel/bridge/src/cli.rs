//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{command::Which, kernelspec::Target, kind::Kind, leftover::Leftover};

/// Runs notebook cells on Spark through Apache Livy.
#[derive(Debug, Parser)]
#[command(name = "livy-kernel", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// The profile of livy-kernel.toml to use
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached.
The server is the one that LIVY_URL names, or livy-kernel.toml.";

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
    /// List the sessions that kernels of this program have on the server
    Sessions(Sessions),
    /// Look at a session, or end it
    Session {
        /// What to do
        #[command(subcommand)]
        action: SessionAction,
    },
    /// Run Spark applications by themselves
    Batch {
        /// What to do
        #[command(subcommand)]
        action: BatchAction,
    },
    /// End a session that its kernel had to leave behind; the kernel does this
    #[command(hide = true)]
    EndLeftover(EndLeftover),
    /// Write, check and show the settings
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Check the settings and the way to the server
    Doctor {
        /// Start a session, too, and end it
        #[arg(long)]
        session: bool,
        #[command(flatten)]
        output: Output,
    },
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Write a commented example to Jupyter's config folder, where there is no file yet
    Init,
    /// Tell what is wrong with the file, line by line; exit with 1 if anything is
    Check,
    /// Show each value and where it comes from; secrets are not shown
    Show {
        #[command(flatten)]
        output: Output,
    },
}

/// How to answer.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Options of `sessions`.
#[derive(Args, Debug)]
pub struct Sessions {
    /// Everybody's sessions
    #[arg(long, conflicts_with_all = ["mine", "orphaned"])]
    all: bool,
    /// Only those of your kernels on this machine
    #[arg(long)]
    mine: bool,
    /// Only those of your kernels on this machine that are gone
    #[arg(long)]
    orphaned: bool,
    /// End them, after asking
    #[arg(long, requires = "orphaned")]
    pub end: bool,
    /// End them without asking
    #[arg(long, requires = "end")]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
}

impl Sessions {
    /// Which to list.
    pub fn which(&self) -> Which {
        match self {
            Self { orphaned: true, .. } => Which::Orphaned,
            Self { mine: true, .. } => Which::Mine,
            Self { all: true, .. } => Which::All,
            Self { .. } => Which::Kernels,
        }
    }
}

/// What can be done with a session.
#[derive(Debug, Subcommand)]
pub enum SessionAction {
    /// Show it
    Show(One),
    /// Show its log
    Log(LogOptions),
    /// End it, and its Spark application
    Kill(Several),
}

/// What can be done with batches.
#[derive(Debug, Subcommand)]
pub enum BatchAction {
    /// Submit one
    Submit(Box<Submit>),
    /// List them
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show one
    Show(One),
    /// Show its log
    Log(LogOptions),
    /// End it, and its Spark application
    Kill(Several),
}

/// One session or batch.
#[derive(Args, Debug)]
pub struct One {
    /// Its id or name
    pub id: String,
    #[command(flatten)]
    pub output: Output,
}

/// Some sessions or batches.
#[derive(Args, Debug)]
pub struct Several {
    /// Their ids or names
    #[arg(required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub output: Output,
}

/// Options of `log`.
#[derive(Args, Debug)]
pub struct LogOptions {
    /// Its id or name
    pub id: String,
    /// Go on until it ends
    #[arg(short, long)]
    pub follow: bool,
    /// How many of the last lines
    #[arg(short = 'n', long, default_value_t = 100, conflicts_with = "follow")]
    pub lines: usize,
    #[command(flatten)]
    pub output: Output,
}

/// Options of `batch submit`.
#[derive(Args, Debug)]
pub struct Submit {
    /// The application, where the cluster finds it; for a Livy on this machine, a file here
    pub file: String,
    /// Arguments of the application
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
    /// The main class, of a jar
    #[arg(long)]
    pub class: Option<String>,
    /// A name
    #[arg(long)]
    pub name: Option<String>,
    /// A Spark property
    #[arg(long, value_name = "KEY=VALUE", value_parser = property)]
    pub conf: Vec<(String, String)>,
    /// Jars to use
    #[arg(long, value_delimiter = ',')]
    pub jars: Vec<String>,
    /// Python files to use
    #[arg(long, value_delimiter = ',')]
    pub py_files: Vec<String>,
    /// Files to use
    #[arg(long, value_delimiter = ',')]
    pub files: Vec<String>,
    /// Archives to use, unpacked
    #[arg(long, value_delimiter = ',')]
    pub archives: Vec<String>,
    /// Memory of the driver, such as 2g
    #[arg(long)]
    pub driver_memory: Option<String>,
    /// Cores of the driver
    #[arg(long)]
    pub driver_cores: Option<u32>,
    /// Memory of each executor, such as 2g
    #[arg(long)]
    pub executor_memory: Option<String>,
    /// Cores of each executor
    #[arg(long)]
    pub executor_cores: Option<u32>,
    /// How many executors
    #[arg(long)]
    pub num_executors: Option<u32>,
    /// The YARN queue
    #[arg(long)]
    pub queue: Option<String>,
    /// Whom to run as
    #[arg(long)]
    pub proxy_user: Option<String>,
    /// Show its log to its end; exit with 1 unless it succeeds
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub output: Output,
}

fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not like KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
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
    // `jupyter run` gives its own arguments to the kernel too.
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<OsString>,
}

/// Options of `end-leftover`.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct EndLeftover {
    /// The session's id
    #[arg(long)]
    id: Option<String>,
    /// The name of a session that may not be there yet
    #[arg(long)]
    name: Option<String>,
}

impl From<EndLeftover> for Leftover {
    fn from(options: EndLeftover) -> Self {
        match options.id {
            Some(id) => Self::Known(id.as_str().into()),
            None => Self::Named(options.name.unwrap_or_default()),
        }
    }
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
    /// Serve one kernel, which reads from this file where; the kernel does this
    #[arg(long, value_name = "FILE", hide = true)]
    pub beside: Option<PathBuf>,
    /// How many seconds after its last request the kernel is taken for dead
    #[arg(
        long,
        env = "LIVY_LOCAL_IDLE_EXIT",
        default_value_t = 90,
        requires = "beside",
        hide = true
    )]
    pub idle_exit: u64,
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
    fn a_kernel_bears_arguments_of_the_program_that_starts_it() {
        let command = ["livy-kernel", "run", "--connection-file", "c.json", "job.py", "--their=1"];
        let Ok(Cli { command: Command::Run(run), .. }) = Cli::try_parse_from(command) else {
            panic!("it parses");
        };
        assert_eq!(run.connection_file, PathBuf::from("c.json"));
    }

    #[test]
    fn a_kernel_is_installed_in_one_place() {
        let parse =
            |args: &[&str]| Cli::try_parse_from([&["livy-kernel", "install"], args].concat());
        assert!(parse(&["--user", "--sys-prefix"]).is_err());
        let Ok(Cli { command: Command::Install(install), .. }) =
            parse(&["--prefix", "/p", "--kind", "sql,spark"])
        else {
            panic!("it parses");
        };
        assert_eq!(install.target(), Target::Prefix("/p".into()));
        assert_eq!(install.kinds(), [Kind::Sql, Kind::Spark]);
    }
}
