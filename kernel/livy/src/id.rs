use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The id of a session, statement, batch or job. It is opaque: Livy counts from 0, Fabric and Lighter
/// send UUIDs, and a session's name is accepted wherever its id is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Id(String);

impl Id {
    /// The id as it is written in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: Into<String>> From<T> for Id {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a number or a string")
            }

            fn visit_u64<E>(self, id: u64) -> Result<Id, E> {
                Ok(Id(id.to_string()))
            }

            fn visit_i64<E>(self, id: i64) -> Result<Id, E> {
                Ok(Id(id.to_string()))
            }

            fn visit_str<E>(self, id: &str) -> Result<Id, E> {
                Ok(Id(id.to_owned()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_ids() {
        let read = |json| serde_json::from_str::<Id>(json);
        assert_eq!(read("7").unwrap(), Id::from("7"));
        assert_eq!(read("\"b0-4f\"").unwrap(), Id::from("b0-4f"));
        assert!(read("null").is_err());
    }
}
