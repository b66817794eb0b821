//! Reads a body as Livy does, which refuses unknown fields and casts the others.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refusal::Refusal;

/// The Java class into which a real Livy reads a body.
pub(super) struct Class {
    pub(super) name: &'static str,
    /// The fields, in the order in which Livy names them when it refuses another.
    pub(super) fields: &'static [&'static str],
}

impl Class {
    pub(super) fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Refusal> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        self.check_fields(&value)?;
        serde_json::from_value(value).map_err(|error| class_cast(&error.to_string()))
    }

    /// Refuses the value of one field.
    pub(super) fn invalid_field(&self, field: &str, reason: impl ToString) -> Refusal {
        let (name, reason) = (self.name, reason.to_string());
        Refusal::Malformed(format!("{reason} (through reference chain: {name}[\"{field}\"])"))
    }

    fn check_fields(&self, value: &Value) -> Result<(), Refusal> {
        let Value::Object(object) = value else {
            return Err(Refusal::Malformed(format!(
                "Cannot deserialize value of type `{}`: not an object",
                self.name
            )));
        };
        match object.keys().find(|field| !self.fields.contains(&field.as_str())) {
            Some(field) => Err(self.unknown_field(field)),
            None => Ok(()),
        }
    }

    fn unknown_field(&self, field: &str) -> Refusal {
        let Self { name, fields } = self;
        let known = fields.iter().map(|field| format!("{field:?}")).collect::<Vec<_>>().join(", ");
        Refusal::Malformed(format!(
            "Unrecognized field {field:?} (class {name}), not marked as ignorable ({} known properties: {known}])",
            fields.len(),
        ))
    }
}

fn class_cast(error: &str) -> Refusal {
    const TEXT_AS_NUMBER: &str = "class java.lang.String cannot be cast to class java.lang.Integer (java.lang.String \
        and java.lang.Integer are in module java.base of loader 'bootstrap')";
    let reason = if error.starts_with("invalid type: string") { TEXT_AS_NUMBER } else { error };
    Refusal::Failed(format!("java.lang.ClassCastException: {reason}"))
}

/// Fails unless every field that `class` lists is one that `T` reads. No field is a Boolean, so only a field that is
/// not read accepts one.
#[cfg(test)]
#[track_caller]
pub(super) fn assert_reads_all_fields<T: DeserializeOwned>(class: &Class) {
    for field in class.fields {
        let body = format!("{{{field:?}: true}}");
        assert!(class.parse::<T>(body.as_bytes()).is_err(), "{field} is not read");
    }
}
