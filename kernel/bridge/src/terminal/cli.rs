//! Defines the command line: commands, options and their help.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use livy_client::Identity;

use crate::{
    kind::Kind,
    server::{cleanup::PendingCleanup, resource::Scope, session_name},
    terminal::kernelspec::Target,
};

/// Runs notebook cells on Spark through Apache Livy
#[derive(Debug, Parser)]
#[command(name = "livy-kernel", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// Use this profile of livy-kernel.toml
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// The command to run
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "Commands use the server that LIVY_URL or livy-kernel.toml names.
Exit codes: 0 success, 1 failure, 2 wrong usage or settings, 3 server cannot be reached.";

const AFTER_EXEC_HELP: &str = "Without LIVY_URL, Spark runs on this machine. The session ends with the run.
Exit codes: 0 all cells have run, 1 a cell failed, 2 wrong usage or settings, 3 server cannot be reached, \
129, 130 or 143 ended by SIGHUP, Ctrl-C or SIGTERM.";

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a kernel (for Jupyter)
    Run(Run),
    /// Run a notebook, a script or SQL, without Jupyter
    Exec(Exec),
    #[command(flatten)]
    Task(Task),
}

/// The commands that end with a result, unlike a kernel.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Install the kernels into Jupyter
    Install(Install),
    /// Remove the kernels from Jupyter
    Uninstall(Install),
    /// Serve Spark on this machine to Livy clients
    Local(Local),
    /// List the sessions on the server that belong to livy-kernel
    Sessions(Sessions),
    /// Show a session or its log, or end it
    Session {
        /// The action
        #[command(subcommand)]
        action: SessionAction,
    },
    /// Submit batch applications, and show or end them
    Batch {
        /// The action
        #[command(subcommand)]
        action: BatchAction,
    },
    /// End a session that its kernel left behind (for the kernel)
    #[command(hide = true)]
    EndLeftover(EndLeftover),
    /// Create, check and show the settings
    Config {
        /// The action
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Check the settings and the connection to the server
    Doctor(Doctor),
    /// Print what kernels have counted, as Prometheus reads it
    Metrics(Metrics),
}

/// Options of `metrics`.
#[derive(Args, Debug)]
pub struct Metrics {
    /// Files of several users, to be added up; by default your own
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Options of `doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Also start a session and end it
    #[arg(long)]
    pub session: bool,
    /// Also write an archive for whoever helps: the report, the settings and the newest log, without secrets
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "livy-kernel-doctor.tar.gz")]
    pub bundle: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// The actions of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Create livy-kernel.toml in Jupyter's config folder, with every setting commented out
    Init,
    /// List the mistakes in the file by line; exit with 1 if there are any
    Check,
    /// Show each value and where it comes from, without secrets
    Show {
        #[command(flatten)]
        output: Output,
    },
}

/// The format of the result.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `sessions`.
#[derive(Args, Debug)]
pub struct Sessions {
    /// List every session on the server
    #[arg(long, conflicts_with_all = ["mine", "orphaned"])]
    all: bool,
    /// List only the sessions of your kernels on this machine
    #[arg(long)]
    mine: bool,
    /// List only sessions whose kernel ran on this machine and is gone
    #[arg(long)]
    orphaned: bool,
    /// End the orphaned sessions after asking
    #[arg(long, requires = "orphaned")]
    pub end: bool,
    /// Do not ask before ending them
    #[arg(long, requires = "end")]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
}

impl Sessions {
    /// Returns which sessions to list.
    pub fn scope(&self) -> Scope {
        match self {
            Self { orphaned: true, .. } => Scope::Orphaned,
            Self { mine: true, .. } => Scope::Mine,
            Self { all: true, .. } => Scope::All,
            Self { .. } => Scope::Kernels,
        }
    }
}

/// The actions of `session`.
#[derive(Debug, Subcommand)]
pub enum SessionAction {
    /// Show a session
    Show(One),
    /// Show a session's log
    Log(LogOptions),
    /// End sessions and their Spark applications
    Kill(Several),
}

/// The actions of `batch`.
#[derive(Debug, Subcommand)]
pub enum BatchAction {
    /// Submit a batch
    Submit(Box<Submit>),
    /// List all batches
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show a batch
    Show(One),
    /// Show a batch's log
    Log(LogOptions),
    /// End batches and their Spark applications
    Kill(Several),
}

/// Options of `show`.
#[derive(Args, Debug)]
pub struct One {
    /// The id or name
    pub id: String,
    #[command(flatten)]
    pub output: Output,
}

/// Options of `kill`.
#[derive(Args, Debug)]
pub struct Several {
    /// The ids or names
    #[arg(required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub output: Output,
}

/// Options of `log`.
#[derive(Args, Debug)]
pub struct LogOptions {
    /// The id or name
    pub id: String,
    /// Follow the log until the session or batch ends
    #[arg(short, long)]
    pub follow: bool,
    /// Show this many of the last lines
    #[arg(short = 'n', long, default_value_t = 100, conflicts_with = "follow")]
    pub lines: usize,
    #[command(flatten)]
    pub output: Output,
}

/// Options of `batch submit`.
#[derive(Args, Debug)]
pub struct Submit {
    /// The application, as a path that the cluster can read, or a local path if Livy runs on this machine
    pub file: String,
    /// The application's arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
    /// The main class of a jar
    #[arg(long)]
    pub class: Option<String>,
    /// A name for the batch
    #[arg(long)]
    pub name: Option<String>,
    /// A Spark property; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = property)]
    pub conf: Vec<(String, String)>,
    #[command(flatten)]
    pub dependencies: Dependencies,
    #[command(flatten)]
    pub resources: Resources,
    /// The user to run as
    #[arg(long)]
    pub proxy_user: Option<String>,
    /// Show the log to its end; exit with 1 if the batch fails
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub output: Output,
}

/// Files that a batch needs besides its application.
#[derive(Args, Debug)]
pub struct Dependencies {
    /// Jars for the driver and the executors, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub jars: Vec<String>,
    /// Python files for both, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub py_files: Vec<String>,
    /// Files for the executors' working folders, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub files: Vec<String>,
    /// Archives to unpack in these folders, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub archives: Vec<String>,
}

/// Resources of the cluster that a batch gets.
#[derive(Args, Debug)]
pub struct Resources {
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
    /// Number of executors
    #[arg(long)]
    pub num_executors: Option<u32>,
    /// The YARN queue
    #[arg(long)]
    pub queue: Option<String>,
}

/// Parses `KEY=VALUE`.
fn property(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Options of `exec`.
#[derive(Args, Debug)]
#[command(after_help = AFTER_EXEC_HELP)]
pub struct Exec {
    /// A notebook (.ipynb) or code (.py, .scala, .r, .sql); - reads standard input
    pub file: PathBuf,
    /// The language, if neither the notebook nor the name of the file says it
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// Write the notebook with its outputs to this file, after each cell; otherwise outputs are printed
    #[arg(short, long, value_name = "NOTEBOOK")]
    pub output: Option<PathBuf>,
    /// Set a variable below the cell tagged "parameters", or at the top; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub param: Vec<String>,
    /// Go on after a cell that fails
    #[arg(long)]
    pub allow_errors: bool,
    /// Go on where a run with the same output file was killed, in its session
    #[arg(long, requires = "output")]
    pub resume: bool,
}

/// Options of `run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The language of the kernel
    #[arg(long, value_enum, default_value = "pyspark")]
    pub kind: Kind,
    /// The connection file that Jupyter wrote
    #[arg(long, value_name = "FILE")]
    pub connection_file: PathBuf,
    // `jupyter run` passes its own arguments on to the kernel.
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<OsString>,
}

/// Options of `end-leftover`.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct EndLeftover {
    /// The session's id
    #[arg(long)]
    id: Option<String>,
    /// Its name; without an id, the name of a session that may not exist yet
    #[arg(long)]
    name: Option<String>,
    /// Its Spark application's id
    #[arg(long, requires = "id")]
    app_id: Option<String>,
}

impl From<EndLeftover> for PendingCleanup {
    fn from(options: EndLeftover) -> Self {
        let EndLeftover { id, name, app_id } = options;
        let is_unique = name.as_deref().is_some_and(session_name::is_unique);
        match id {
            Some(id) => Self::Known(Identity {
                id: id.into(),
                name,
                app_id,
                owner: None,
                kind: None,
                is_unique,
            }),
            None => Self::Named(name.unwrap_or_default()),
        }
    }
}

/// Options of `install` and `uninstall`.
#[derive(Args, Debug)]
pub struct Install {
    #[command(flatten)]
    location: Location,
    /// Only these kernels, separated by commas; all by default
    #[arg(long, value_enum, value_delimiter = ',')]
    pub kind: Vec<Kind>,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct Location {
    /// Your Jupyter data folder (the default)
    #[arg(long)]
    user: bool,
    /// The active Python environment
    #[arg(long)]
    sys_prefix: bool,
    /// PATH/share/jupyter/kernels
    #[arg(long, value_name = "PATH")]
    prefix: Option<PathBuf>,
}

impl Install {
    /// Returns where the kernels go.
    pub fn target(&self) -> Target {
        match &self.location {
            Location { prefix: Some(prefix), .. } => Target::Prefix(prefix.clone()),
            Location { sys_prefix: true, .. } => Target::SysPrefix,
            Location { .. } => Target::User,
        }
    }

    /// Returns which kernels are meant.
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
    /// The port on 127.0.0.1; 0 takes any free port
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The token that clients must send; random by default
    #[arg(long, env = "LIVY_LOCAL_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The Python that has pyspark; by default it is searched for
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<PathBuf>,
    /// Serve one kernel, which reads the address from this file (for the kernel)
    #[arg(long, value_name = "FILE", hide = true)]
    pub beside: Option<PathBuf>,
    /// Exit this many seconds after the kernel's last request
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
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_kernel_ignores_the_arguments_of_jupyter_run() {
        let command = ["livy-kernel", "run", "--connection-file", "c.json", "job.py", "--their=1"];
        let Ok(Cli { command: Command::Run(run), .. }) = Cli::try_parse_from(command) else {
            panic!("it parses");
        };
        assert_eq!(run.connection_file, PathBuf::from("c.json"));
    }

    #[test]
    fn a_kernel_is_installed_in_one_location() {
        let parse =
            |args: &[&str]| Cli::try_parse_from([&["livy-kernel", "install"], args].concat());
        assert!(parse(&["--user", "--sys-prefix"]).is_err());
        let Ok(Cli { command: Command::Task(Task::Install(install)), .. }) =
            parse(&["--prefix", "/p", "--kind", "sql,spark"])
        else {
            panic!("it parses");
        };
        assert_eq!(install.target(), Target::Prefix("/p".into()));
        assert_eq!(install.kinds(), [Kind::Sql, Kind::Spark]);
    }
}
