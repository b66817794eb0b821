//! Lists all settings: the key in `livy-kernel.toml`, and the variable that overrides it.

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// The key in the file, with its table.
    pub name: &'static str,
    /// The variable in the environment.
    pub variable: &'static str,
    /// A value as the file has it, for the example.
    pub example: &'static str,
    /// What the setting does.
    pub help: &'static str,
    /// Whether the value is a secret, which is never shown.
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

/// All settings; those of one table follow each other.
pub const KEYS: &[Key] = &[
    key(
        "url",
        "LIVY_URL",
        "\"https://livy.example:8998\"",
        "the Livy server, with `user:password@` for HTTP Basic, or a list of servers (in the environment with commas): the next one is asked if one cannot be reached; without it, Spark runs on this machine",
    ),
    key(
        "service",
        "LIVY_SERVICE",
        "\"knox\"",
        "the kind of service, if the address does not show it: livy, knox, hdinsight, emr, emr-serverless, synapse, fabric, lighter",
    ),
    secret("token", "LIVY_TOKEN", "\"${MY_TOKEN}\"", "a bearer token"),
    key(
        "token_command",
        "LIVY_TOKEN_COMMAND",
        "[\"vault\", \"read\", \"-field=token\", \"livy\"]",
        "a command that prints a token, alone or in JSON; it runs again when the token expires, and not in a shell",
    ),
    key(
        "auth",
        "LIVY_AUTH",
        "\"netrc\"",
        "how else to log in: kerberos, netrc ($NETRC or ~/.netrc), azure-cli for Synapse and Fabric, sigv4 for EMR Serverless",
    ),
    secret(
        "headers",
        "LIVY_HEADERS",
        "{ X-Team = \"${TEAM}\" }",
        "further headers of each request; in the environment `Name: value`, one on each line",
    ),
    key("do_as", "LIVY_DO_AS", "\"etl\"", "the user to act for (doAs)"),
    key(
        "requests_per_second",
        "LIVY_REQUESTS_PER_SECOND",
        "20",
        "how many requests a second all your kernels and commands together may send to each server; no limit by default",
    ),
    key(
        "start",
        "LIVY_START",
        "\"lazy\"",
        "when the session starts: with lazy when the first cell needs it, with eager together with the kernel",
    ),
    key(
        "agent",
        "LIVY_AGENT",
        "\"auto\"",
        "which sessions get an agent: with auto Python sessions at once, and Scala sessions when a cell takes long or must be interrupted; with always every session; with never none, and no Python is started for SQL",
    ),
    key(
        "progress",
        "LIVY_PROGRESS",
        "\"line\"",
        "what remains of a cell's progress display when the cell ends: one line, or nothing (clear); never shows no progress",
    ),
    key(
        "patience",
        "LIVY_PATIENCE",
        "\"1h\"",
        "how long a running cell waits for a server that does not answer; one hour by default",
    ),
    key(
        "keep_alive",
        "LIVY_KEEP_ALIVE",
        "\"2h\"",
        "how long after its last cell a session is kept from becoming idle; a session with a running cell is always kept",
    ),
    key(
        "heartbeat_timeout",
        "LIVY_HEARTBEAT_TIMEOUT",
        "\"2m\"",
        "how long the server waits for a silent kernel before it ends the session; 0s keeps it forever",
    ),
    key(
        "on_loss",
        "LIVY_ON_LOSS",
        "\"restart\"",
        "what happens after a session is lost: with restart the next cell starts a new one; with ask the next cell first says that the session is lost",
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
        "whether the history is kept in Jupyter's data folder, readable only by you (yes or no in the environment)",
    ),
    key(
        "local_python",
        "LIVY_LOCAL_PYTHON",
        "\"/opt/spark/bin/python\"",
        "the Python with the Spark to start on this machine",
    ),
    key(
        "local.python",
        "LIVY_LOCAL_CELLS_PYTHON",
        "\"/opt/analysis/bin/python\"",
        "the Python of this machine, with ipykernel, that runs %%local cells; by default Jupyter's own",
    ),
    key(
        "local.max_bytes",
        "LIVY_LOCAL_MAX_BYTES",
        "\"2g\"",
        "how many bytes of a variable may come from the session to the Python of this machine, with k, m, g or t; 500m by default",
    ),
    key(
        "kerberos.service_host",
        "LIVY_KERBEROS_SERVICE_HOST",
        "\"livy-1.example\"",
        "the host that the service is registered for, if the address is that of a load balancer",
    ),
    key(
        "kerberos.keytab",
        "LIVY_KERBEROS_KEYTAB",
        "\"me.keytab\"",
        "a file with a key, used instead of the tickets of kinit",
    ),
    key(
        "kerberos.principal",
        "LIVY_KERBEROS_PRINCIPAL",
        "\"me@EXAMPLE\"",
        "the principal of that key, if the file has several",
    ),
    key(
        "kerberos.mutual",
        "LIVY_KERBEROS_MUTUAL",
        "true",
        "false (no in the environment) accepts a server that does not prove its identity",
    ),
    key(
        "aws.region",
        "LIVY_AWS_REGION",
        "\"eu-west-1\"",
        "the region to sign requests for, if the address does not show it",
    ),
    key(
        "aws.execution_role",
        "LIVY_AWS_EXECUTION_ROLE",
        "\"arn:aws:iam::123456789012:role/notebooks\"",
        "the role that sessions of EMR Serverless run as",
    ),
    key(
        "audit.to",
        "LIVY_AUDIT_TO",
        "\"/var/log/livy-kernel/{user}.jsonl\"",
        "where a line is written for each session, statement, cancel, transfer and login that fails: a file ({user} is the name of the account), syslog, or syslog: with the path of a socket; nowhere by default",
    ),
    key(
        "audit.code",
        "LIVY_AUDIT_CODE",
        "false",
        "whether these lines have the code of statements beside its hash (yes or no in the environment)",
    ),
    key(
        "metrics.file",
        "LIVY_METRICS_FILE",
        "\"/var/lib/metrics/livy-kernel.prom\"",
        "the file in which kernels count what `livy-kernel metrics` prints; by default in Jupyter's data folder",
    ),
    key(
        "tls.ca_file",
        "LIVY_TLS_CA_FILE",
        "\"/etc/ssl/company.pem\"",
        "certificates of authorities to trust in addition to the system's, as PEM",
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
        "the fingerprint of the only certificate to trust, whoever signed it",
    ),
    key(
        "tls.verify",
        "LIVY_TLS_VERIFY",
        "true",
        "false (no in the environment) accepts every certificate, so that anyone between you and the server can read and change everything; a pin is just as easy, and safe",
    ),
    key(
        "session.name",
        "LIVY_SESSION",
        "\"shared\"",
        "the name of a shared session: the kernel joins the session of this name, or starts it",
    ),
    key(
        "session.pool",
        "LIVY_SESSION_POOL",
        "\"etl\"",
        "the name of a pool of sessions (etl-1, etl-2, …): the kernel takes one that is free, or adds one, and gives it back at its end",
    ),
    key(
        "session.idleTimeout",
        "LIVY_IDLE_TIMEOUT",
        "\"2h\"",
        "how long new sessions may be idle; by default the server decides",
    ),
    key("session.ttl", "LIVY_TTL", "\"1d\"", "how long new sessions may live"),
];

/// Finds a setting by its key in the file.
pub fn named(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Finds a setting by its variable.
pub fn of_variable(variable: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.variable == variable)
}

/// Finds the name that is most similar to a mistyped one.
pub fn close_to<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(name, known);
    let best = names.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    best.filter(|known| likeness(known) >= 0.6)
}
