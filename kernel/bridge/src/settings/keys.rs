//! All settings: under which key `livy-kernel.toml` has them, and which variable goes before that.

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// In the file, with its table.
    pub name: &'static str,
    /// In the environment.
    pub variable: &'static str,
    /// A value, for the example.
    pub example: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Its value is shown to nobody.
    pub is_secret: bool,
}

const fn key(
    name: &'static str,
    variable: &'static str,
    example: &'static str,
    help: &'static str,
) -> Key {
    Key { name, variable, example, help, is_secret: false }
}

const fn secret(
    name: &'static str,
    variable: &'static str,
    example: &'static str,
    help: &'static str,
) -> Key {
    Key { name, variable, example, help, is_secret: true }
}

/// Each there is. Those of a table follow each other.
pub const KEYS: &[Key] = &[
    key(
        "url",
        "LIVY_URL",
        "\"https://livy.example:8998\"",
        "the Livy server, with `user:password@` if it wants that; without it Spark runs on this machine",
    ),
    key(
        "service",
        "LIVY_SERVICE",
        "\"knox\"",
        "whose Livy it is, where the address does not tell: livy, knox, hdinsight, emr, emr-serverless, synapse, fabric, lighter",
    ),
    secret("token", "LIVY_TOKEN", "\"${MY_TOKEN}\"", "a bearer token"),
    key(
        "token_command",
        "LIVY_TOKEN_COMMAND",
        "[\"vault\", \"read\", \"-field=token\", \"livy\"]",
        "a command that prints a token, bare or as JSON; it is run again when the token expires, and no shell looks at it",
    ),
    key(
        "auth",
        "LIVY_AUTH",
        "\"netrc\"",
        "where else credentials come from: kerberos, netrc ($NETRC or ~/.netrc), azure-cli for Synapse and Fabric, sigv4 for EMR Serverless",
    ),
    secret(
        "headers",
        "LIVY_HEADERS",
        "{ X-Team = \"${TEAM}\" }",
        "further headers of each request; in the environment `Name: value`, one a line",
    ),
    key("do_as", "LIVY_DO_AS", "\"etl\"", "the user to act for (doAs)"),
    key(
        "agent",
        "LIVY_AGENT",
        "\"auto\"",
        "auto installs an agent in Python sessions at once, and in Scala's when a cell takes long or is to be stopped; always in every session; never in none",
    ),
    key(
        "progress",
        "LIVY_PROGRESS",
        "\"line\"",
        "what stays of the display of a cell's Spark jobs: one line, or nothing (clear); never shows none",
    ),
    key(
        "patience",
        "LIVY_PATIENCE",
        "\"1h\"",
        "how long a running cell bears a server that does not answer; an hour by default",
    ),
    key(
        "keep_alive",
        "LIVY_KEEP_ALIVE",
        "\"2h\"",
        "how long after its last cell a session is kept from being idle; while a cell runs it always is",
    ),
    key(
        "heartbeat_timeout",
        "LIVY_HEARTBEAT_TIMEOUT",
        "\"2m\"",
        "how long a server waits for a kernel that is silent before it ends its session; 0s for ever",
    ),
    key(
        "on_loss",
        "LIVY_ON_LOSS",
        "\"restart\"",
        "what follows a lost session: restart gives the next cell a new one, ask lets that cell say so first",
    ),
    key(
        "startup",
        "LIVY_STARTUP",
        "\"startup.py\"",
        "a file of code that each new session runs first",
    ),
    key(
        "history",
        "LIVY_HISTORY",
        "true",
        "whether what is run stays in Jupyter's data folder, for you alone (yes or no in the environment)",
    ),
    key(
        "local_python",
        "LIVY_LOCAL_PYTHON",
        "\"/opt/spark/bin/python\"",
        "the Python whose Spark is started where there is no server",
    ),
    key(
        "kerberos.service_host",
        "LIVY_KERBEROS_SERVICE_HOST",
        "\"livy-1.example\"",
        "the host that the service is registered for, where the address has a load balancer's name",
    ),
    key(
        "kerberos.keytab",
        "LIVY_KERBEROS_KEYTAB",
        "\"me.keytab\"",
        "a file with a key in place of tickets that kinit has got",
    ),
    key(
        "kerberos.principal",
        "LIVY_KERBEROS_PRINCIPAL",
        "\"me@EXAMPLE\"",
        "whose key, where the file has several",
    ),
    key(
        "kerberos.mutual",
        "LIVY_KERBEROS_MUTUAL",
        "true",
        "false (no in the environment) believes a server that does not prove who it is",
    ),
    key(
        "aws.region",
        "LIVY_AWS_REGION",
        "\"eu-west-1\"",
        "the region to sign for, where the address does not tell",
    ),
    key(
        "aws.execution_role",
        "LIVY_AWS_EXECUTION_ROLE",
        "\"arn:aws:iam::123456789012:role/notebooks\"",
        "the role that sessions of EMR Serverless run as",
    ),
    key(
        "tls.ca_file",
        "LIVY_TLS_CA_FILE",
        "\"/etc/ssl/company.pem\"",
        "certificates of authorities to trust beside the system's, as PEM",
    ),
    key(
        "tls.client_cert",
        "LIVY_TLS_CLIENT_CERT",
        "\"me.pem\"",
        "the client's own certificate, as PEM",
    ),
    key("tls.client_key", "LIVY_TLS_CLIENT_KEY", "\"me.key\"", "its key, as PEM"),
    key(
        "tls.pin_sha256",
        "LIVY_TLS_PIN_SHA256",
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
        "the fingerprint of the one certificate to trust, whoever signed it",
    ),
    key(
        "tls.verify",
        "LIVY_TLS_VERIFY",
        "true",
        "false (no in the environment) trusts everybody, and whoever sits between can read and change all: a pin is as easy, and safe",
    ),
    key(
        "session.name",
        "LIVY_SESSION",
        "\"shared\"",
        "the name of a session to share: the kernel joins it if it is there, else starts it under this name",
    ),
    key(
        "session.idleTimeout",
        "LIVY_IDLE_TIMEOUT",
        "\"2h\"",
        "how long new sessions may be idle; the server's own policy otherwise",
    ),
    key("session.ttl", "LIVY_TTL", "\"1d\"", "how long new sessions may live"),
];

/// The key of this name.
pub fn named(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key that this variable sets.
pub fn of_variable(variable: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.variable == variable)
}

/// The name that is most like this one.
pub fn close_to<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(name, known);
    let best = names.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    best.filter(|known| likeness(known) >= 0.6)
}
