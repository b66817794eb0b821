//! Where what kernels do is recorded: what the policies say, and what the user wants beside.

use std::path::PathBuf;

use crate::{
    records::{self, Audit, Destination, Person},
    settings::{error::SettingsError, layers::Settings},
};

const AUDIT_TO: &str = "LIVY_AUDIT_TO";

impl Settings {
    /// Reads where sessions, statements and transfers are told. Nothing that the user sets takes away what a policy
    /// wants.
    ///
    /// # Errors
    ///
    /// The setting makes no sense.
    pub fn audits(&self) -> Result<Vec<Audit>, SettingsError> {
        let person = Person::of_process();
        let mut audits = self.policy.audits();
        let has_code = self.yes_or_no("LIVY_AUDIT_CODE")?.unwrap_or(false);
        if let Some(to) = self.get(AUDIT_TO) {
            let to = Destination::parse(&to, &person).map_err(|why| self.wrong(AUDIT_TO, why))?;
            match audits.iter_mut().find(|audit| audit.to == to) {
                Some(audit) => audit.has_code |= has_code,
                None => audits.push(Audit { to, has_code }),
            }
        }
        Ok(audits)
    }

    /// The file in which kernels count; none if there is no folder for it.
    pub fn metrics_file(&self) -> Option<PathBuf> {
        self.path("LIVY_METRICS_FILE").or_else(records::default_path)
    }
}

#[cfg(test)]
mod tests {
    use crate::{records::Destination, settings::layers::tests::of_variables};

    #[test]
    fn an_audit_goes_to_a_file_and_has_code_only_if_that_is_wanted() {
        let audits = |variables: &[(&str, &str)]| of_variables(variables).audits();
        assert_eq!(audits(&[]), Ok(Vec::new()));
        let file = ("LIVY_AUDIT_TO", "/var/log/audit.jsonl");
        let found = audits(&[file]).unwrap();
        assert_eq!(found[0].to, Destination::File("/var/log/audit.jsonl".into()));
        assert!(!found[0].has_code);
        assert!(audits(&[file, ("LIVY_AUDIT_CODE", "yes")]).unwrap()[0].has_code);
        let error = audits(&[("LIVY_AUDIT_TO", "audit.jsonl")]).unwrap_err().to_string();
        assert!(error.starts_with("LIVY_AUDIT_TO must be syslog"), "{error}");
        audits(&[file, ("LIVY_AUDIT_CODE", "maybe")]).unwrap_err();
    }
}
