//! One policy, as its file has it. Pure.

use std::collections::BTreeMap;

use livy_client::{Endpoint, Verify, time};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Value;

use crate::{
    policy::{ability::Ability, error::PolicyError, limits::Limits, servers::AllowedServer},
    records::{Destination, Person},
};

/// One policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The path of the file.
    #[serde(skip)]
    pub source: String,
    /// Whether the user can change the file.
    #[serde(skip)]
    pub is_changeable: bool,
    pub banner: Option<String>,
    servers: Option<Vec<AllowedServer>>,
    forbid: Vec<Ability>,
    tls: TlsRules,
    pub force: Forced,
    pub max: Limits,
    pub audit: AuditRules,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsRules {
    verify: bool,
}

/// What is told of what users do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditRules {
    #[serde(deserialize_with = "destination")]
    pub to: Option<Destination>,
    pub code: bool,
}

/// What every session and batch gets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Forced {
    pub proxy_user: Option<String>,
    pub queue: Option<String>,
    #[serde(deserialize_with = "with_dots")]
    pub conf: BTreeMap<String, String>,
}

impl Rules {
    /// Reads the text of the file `source`.
    ///
    /// # Errors
    ///
    /// What is wrong, and in which line.
    pub fn parse(text: &str, source: &str) -> Result<Self, String> {
        let rules: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })?;
        Ok(Self { source: source.to_owned(), ..rules })
    }

    /// Checks the address of a server.
    pub fn check_server(&self, server: &Endpoint) -> Result<(), PolicyError> {
        let Some(allowed) = &self.servers else { return Ok(()) };
        match allowed.iter().any(|allowed| allowed.includes(server)) {
            true => Ok(()),
            false => Err(PolicyError::new("url", format!("{server} {}", self.none_of(allowed)))),
        }
    }

    /// Checks whether Spark may run on this machine.
    pub fn check_this_machine(&self, key: &str) -> Result<(), PolicyError> {
        let Some(allowed) = &self.servers else { return Ok(()) };
        match allowed.iter().any(AllowedServer::is_this_machine) {
            true => Ok(()),
            false => Err(PolicyError::new(key, self.none_of(allowed))),
        }
    }

    fn none_of(&self, allowed: &[AllowedServer]) -> String {
        let names: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        format!("is none of the servers that {} allows: {}", self.source, names.join(", "))
    }

    /// Checks how a server proves who it is. Nobody is between this machine and itself.
    pub fn check_tls(&self, server: &Endpoint, verify: &Verify) -> Result<(), PolicyError> {
        let source = &self.source;
        match () {
            () if !self.tls.verify || server.is_loopback() && !server.is_https() => Ok(()),
            () if !server.is_https() => {
                let what =
                    format!("{server} has no certificate, which {source} wants to be verified");
                Err(PolicyError::new("url", what))
            }
            () if *verify == Verify::Nothing => {
                let what = format!("is off, but {source} wants certificates to be verified");
                Err(PolicyError::new("tls.verify", what))
            }
            () => Ok(()),
        }
    }

    /// Checks the user that sessions run as.
    pub fn check_user(&self, key: &str, user: &str) -> Result<(), PolicyError> {
        match &self.force.proxy_user {
            Some(set) if set != user => {
                let user = if user.is_empty() { "(not told by the server)" } else { user };
                let what = format!("{user} is not {set}, the proxyUser that {} sets", self.source);
                Err(PolicyError::new(key, what))
            }
            _ => Ok(()),
        }
    }

    /// Checks how long a session may be kept from becoming idle.
    pub fn check_keep_alive(&self, key: &str, text: &str) -> Result<(), PolicyError> {
        match &self.max.idle_timeout {
            Some(limit) if time::parse(text).is_none_or(|time| time > limit.length) => {
                let what = format!("{text} is more than the {limit} that {} allows", self.source);
                Err(PolicyError::new(key, what))
            }
            _ => Ok(()),
        }
    }

    /// Whether something is forbidden.
    pub fn forbids(&self, ability: Ability) -> bool {
        self.forbid.contains(&ability)
    }

    /// Checks that something, with this name for the user, is not forbidden.
    pub fn check(&self, ability: Ability, what: &str) -> Result<(), PolicyError> {
        match self.forbids(ability) {
            true => {
                let by = format!("is forbidden by {} (forbid: {})", self.source, ability.word());
                Err(PolicyError::new(what, by))
            }
            false => Ok(()),
        }
    }
}

impl Forced {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Lists all that is set: its name, as users write it, and its value.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_livy = [("proxyUser", &self.proxy_user), ("queue", &self.queue)];
        let of_livy = of_livy.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        of_livy.chain(self.conf.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

/// Reads where an audit goes.
fn destination<'de, D: Deserializer<'de>>(to: D) -> Result<Option<Destination>, D::Error> {
    let person = Person::of_process();
    let to = Destination::parse(&String::deserialize(to)?, &person);
    to.map(Some).map_err(|why| D::Error::custom(format!("audit.to {why}")))
}

/// Reads Spark's configuration: `spark.a = 1` is a table in a table for TOML, and one name for Spark.
fn with_dots<'de, D: Deserializer<'de>>(conf: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut all = BTreeMap::new();
    for (name, value) in BTreeMap::<String, Value>::deserialize(conf)? {
        flatten(name, value, &mut all).map_err(D::Error::custom)?;
    }
    Ok(all)
}

fn flatten(name: String, value: Value, into: &mut BTreeMap<String, String>) -> Result<(), String> {
    let text = match value {
        Value::Table(table) => {
            let mut inner = table.into_iter();
            return inner
                .try_for_each(|(end, value)| flatten(format!("{name}.{end}"), value, into));
        }
        Value::String(text) => text.trim().to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Array(_) | Value::Datetime(_) => {
            return Err(format!("{name} is neither text nor a number"));
        }
    };
    into.insert(name, text);
    Ok(())
}
