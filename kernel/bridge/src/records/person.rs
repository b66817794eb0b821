//! Who runs the kernel, by what the system says: a variable could name anybody.

use serde::Serialize;

/// Who runs this process, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name of the account.
    pub user: String,
    /// Its number.
    pub uid: Option<u32>,
    /// The name of the machine.
    pub host: String,
}

impl Person {
    /// Who runs this process.
    #[cfg(unix)]
    pub fn of_process() -> Self {
        let uid = uzers::get_current_uid();
        let name =
            uzers::get_user_by_uid(uid).map(|user| user.name().to_string_lossy().into_owned());
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { user: name.unwrap_or_else(|| uid.to_string()), uid: Some(uid), host }
    }

    /// Who runs this process, as far as the environment says.
    #[cfg(not(unix))]
    pub fn of_process() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self { user: variable("USERNAME"), uid: None, host: variable("COMPUTERNAME") }
    }
}
