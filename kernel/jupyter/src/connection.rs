use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use thiserror::Error;

/// Where to listen and how to sign, from Jupyter's
/// [connection file](https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files).
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The kind of sockets.
    pub transport: Transport,
    /// The IP address to listen on, or `*` for all; with [`Transport::Ipc`] the first part of each
    /// socket file's path.
    pub ip: String,
    /// The port of requests that may have to wait for the running cell.
    pub shell_port: u16,
    /// The port of requests that must not wait, such as interrupt and shutdown.
    pub control_port: u16,
    /// The port of the kernel's questions to the user.
    pub stdin_port: u16,
    /// The port of outputs and statuses.
    pub iopub_port: u16,
    /// The port that echoes each message, to show that the kernel is alive.
    pub hb_port: u16,
    /// The secret key that signs every message; if it is empty, messages are unsigned.
    pub key: String,
    /// The method of signing: always `hmac-sha256`.
    pub signature_scheme: String,
    /// The name of the kernelspec, if Jupyter wrote it.
    pub kernel_name: Option<String>,
}

/// The kind of sockets that carry the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP ports of an IP address.
    Tcp,
    /// Unix sockets in files named `{ip}-{port}`.
    Ipc,
}

/// Says why a connection file cannot be used.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The file is missing or not readable.
    #[error(
        "{reason}; give the path of a connection file, as Jupyter does when it starts a kernel"
    )]
    Read {
        /// The system's error.
        reason: io::Error,
    },
    /// The text is not a JSON object.
    #[error(
        "not a JSON object ({reason}); restart the kernel, so that Jupyter writes the file again"
    )]
    Json {
        /// Where the JSON ends, without its text, which holds the key.
        reason: String,
    },
    /// A field is absent or has a value of another kind.
    #[error(
        "field \"{field}\" must be {expected}; correct it, or restart the kernel, so that Jupyter writes the file again"
    )]
    Field {
        /// The field's name.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The file asks for a method of signing that is not supported.
    #[error(
        "signature_scheme \"{scheme}\" is not supported; set Session.signature_scheme to \"hmac-sha256\""
    )]
    SignatureScheme {
        /// The method that it asks for.
        scheme: String,
    },
    /// The file asks for CURVE encryption.
    #[error(
        "encrypted transport is not supported (field \"{field}\"); start it with transport_encryption disabled"
    )]
    Encrypted {
        /// The field with a CURVE key.
        field: String,
    },
    /// One of the other errors, with the file in which it was found.
    #[error("connection file {}: {problem}", path.display())]
    File {
        /// The file's path.
        path: PathBuf,
        /// The other error.
        problem: Box<ConnectionError>,
    },
}

impl ConnectionInfo {
    /// Reads a connection file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or where [`parse`](Self::parse) does; the error names the file.
    pub fn from_file(path: &Path) -> Result<Self, ConnectionError> {
        std::fs::read_to_string(path)
            .map_err(|reason| ConnectionError::Read { reason })
            .and_then(|json| Self::parse(&json))
            .map_err(|problem| ConnectionError::File {
                path: path.to_owned(),
                problem: Box::new(problem),
            })
    }

    /// Reads the text of a connection file. Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a JSON object, a field is absent or of another type, or the file asks
    /// for encryption or another method of signing. No error quotes a value, since the key is one.
    pub fn parse(json: &str) -> Result<Self, ConnectionError> {
        let fields = Fields(object(json)?);
        fields.reject_encryption()?;
        Ok(Self {
            transport: fields.transport()?,
            ip: fields.text("ip")?,
            shell_port: fields.port("shell_port")?,
            control_port: fields.port("control_port")?,
            stdin_port: fields.port("stdin_port")?,
            iopub_port: fields.port("iopub_port")?,
            hb_port: fields.port("hb_port")?,
            key: fields.text("key")?,
            signature_scheme: fields.signature_scheme()?,
            kernel_name: fields.text("kernel_name").ok(),
        })
    }

    /// Returns the ZeroMQ endpoint of one of the ports, such as `tcp://127.0.0.1:5555`.
    pub fn endpoint(&self, port: u16) -> String {
        let address = self.address(port);
        match self.transport {
            Transport::Tcp => format!("tcp://{address}:{port}"),
            Transport::Ipc => format!("ipc://{address}"),
        }
    }

    /// Returns the address of one of the ports: an IP address, or the path of a socket file.
    pub(crate) fn address(&self, port: u16) -> String {
        match self.transport {
            // libzmq writes "*" for all interfaces; the system wants an address.
            Transport::Tcp if self.ip == "*" => "0.0.0.0".to_owned(),
            Transport::Tcp => self.ip.clone(),
            Transport::Ipc => format!("{}-{port}", self.ip),
        }
    }
}

/// Leaves out the key, which must not reach a log.
impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("transport", &self.transport)
            .field("ip", &self.ip)
            .field("shell_port", &self.shell_port)
            .field("control_port", &self.control_port)
            .field("stdin_port", &self.stdin_port)
            .field("iopub_port", &self.iopub_port)
            .field("hb_port", &self.hb_port)
            .field("signature_scheme", &self.signature_scheme)
            .field("kernel_name", &self.kernel_name)
            .finish_non_exhaustive()
    }
}

fn object(json: &str) -> Result<Map<String, Value>, ConnectionError> {
    let value: Value = serde_json::from_str(json)
        .map_err(|error| ConnectionError::Json { reason: error.to_string() })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(ConnectionError::Json { reason: "another JSON value".into() }),
    }
}

/// The fields of a file. They are read one by one, so that an error names its field and quotes no value.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, field: &'static str) -> Result<String, ConnectionError> {
        let text = self.0.get(field).and_then(Value::as_str);
        text.map(str::to_owned).ok_or(ConnectionError::Field { field, expected: "a string" })
    }

    fn port(&self, field: &'static str) -> Result<u16, ConnectionError> {
        let port =
            self.0.get(field).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        port.filter(|&port| port != 0)
            .ok_or(ConnectionError::Field { field, expected: "a port number from 1 to 65535" })
    }

    fn transport(&self) -> Result<Transport, ConnectionError> {
        match self.0.get("transport").map(Value::as_str) {
            None | Some(Some("tcp")) => Ok(Transport::Tcp),
            Some(Some("ipc")) => Ok(Transport::Ipc),
            Some(_) => {
                Err(ConnectionError::Field { field: "transport", expected: "\"tcp\" or \"ipc\"" })
            }
        }
    }

    fn signature_scheme(&self) -> Result<String, ConnectionError> {
        const SUPPORTED: &str = "hmac-sha256";
        if !self.0.contains_key("signature_scheme") {
            return Ok(SUPPORTED.into());
        }
        let scheme = self.text("signature_scheme")?;
        if scheme == SUPPORTED {
            Ok(scheme)
        } else {
            Err(ConnectionError::SignatureScheme { scheme })
        }
    }

    /// Refuses to listen unencrypted where encryption was asked for.
    fn reject_encryption(&self) -> Result<(), ConnectionError> {
        match self.0.iter().find(|(name, value)| name.starts_with("curve_") && !value.is_null()) {
            Some((field, _)) => Err(ConnectionError::Encrypted { field: field.clone() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of the documentation, with the given fields set; `null` removes one.
    fn parse(changes: Value) -> Result<ConnectionInfo, String> {
        let mut fields = json!({
            "control_port": 50160, "shell_port": 57503, "transport": "tcp",
            "signature_scheme": "hmac-sha256", "stdin_port": 52597, "hb_port": 42540,
            "ip": "127.0.0.1", "iopub_port": 40885, "key": "a0436f6c-1916-498b-8eb9-e81ab9368e84",
        });
        for (name, value) in changes.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
            .as_object_mut()
            .unwrap()
            .retain(|name, value| !value.is_null() || name.starts_with("curve_"));
        ConnectionInfo::parse(&fields.to_string()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(changes: Value, texts: &[&str]) {
        let error = parse(changes).unwrap_err();
        for text in texts {
            assert!(error.contains(text), "{error:?} does not say {text:?}");
        }
        assert!(!error.contains("a0436f6c"), "the key is in {error:?}");
    }

    #[test]
    fn the_example_of_the_documentation_is_read() {
        let info = parse(json!({})).unwrap();
        assert_eq!(info.transport, Transport::Tcp);
        assert_eq!((info.shell_port, info.iopub_port, info.stdin_port), (57503, 40885, 52597));
        assert_eq!((info.control_port, info.hb_port), (50160, 42540));
        assert_eq!(info.key, "a0436f6c-1916-498b-8eb9-e81ab9368e84");
        assert_eq!(info.kernel_name, None);
        assert_eq!(info.endpoint(info.shell_port), "tcp://127.0.0.1:57503");
    }

    #[test]
    fn unknown_fields_are_ignored_and_the_kernel_name_is_kept() {
        let info = parse(json!({"kernel_name": "pyspark", "jupyter_session": "x", "new": [1]}));
        assert_eq!(info.unwrap().kernel_name.as_deref(), Some("pyspark"));
    }

    #[test]
    fn an_absent_signature_scheme_is_hmac_sha256() {
        let info = parse(json!({"signature_scheme": null})).unwrap();
        assert_eq!(info.signature_scheme, "hmac-sha256");
    }

    #[test]
    fn another_signature_scheme_is_refused() {
        refused(json!({"signature_scheme": "hmac-sha512"}), &["hmac-sha512", "hmac-sha256"]);
    }

    #[test]
    fn an_empty_key_is_allowed_but_an_absent_one_is_not() {
        assert_eq!(parse(json!({"key": ""})).unwrap().key, "");
        refused(json!({"key": null}), &["\"key\"", "a string"]);
    }

    #[test]
    fn encryption_is_refused_unless_its_fields_are_null() {
        refused(
            json!({"curve_publickey": "rq:rM>}U"}),
            &["curve_publickey", "transport_encryption"],
        );
        assert!(parse(json!({"curve_publickey": null, "curve_secretkey": null})).is_ok());
    }

    #[test]
    fn a_wildcard_address_listens_everywhere() {
        let info = parse(json!({"ip": "*"})).unwrap();
        assert_eq!(info.endpoint(1), "tcp://0.0.0.0:1");
    }

    #[test]
    fn an_ipc_endpoint_is_a_file_per_port() {
        let info = parse(json!({"transport": "ipc", "ip": "/run/kernel-1-ipc"})).unwrap();
        assert_eq!(info.endpoint(3), "ipc:///run/kernel-1-ipc-3");
        refused(json!({"transport": "inproc"}), &["\"transport\"", "ipc"]);
    }

    #[test]
    fn an_error_names_the_field() {
        for port in [json!(0), json!(65536), json!("57503"), json!(null)] {
            refused(json!({"shell_port": port}), &["\"shell_port\"", "1 to 65535"]);
        }
        refused(json!({"ip": 127}), &["\"ip\"", "a string"]);
    }

    #[test]
    fn an_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel-1.json");
        let missing = ConnectionInfo::from_file(&path).unwrap_err().to_string();
        assert!(missing.contains("kernel-1.json: No such file"), "{missing}");
        for text in ["", "[]", "{\"key\": "] {
            std::fs::write(&path, text).unwrap();
            let broken = ConnectionInfo::from_file(&path).unwrap_err().to_string();
            assert!(broken.contains("kernel-1.json: not a JSON object"), "{broken}");
        }
    }

    #[test]
    fn debug_output_leaves_out_the_key() {
        let debug = format!("{:?}", parse(json!({})).unwrap());
        assert!(debug.contains("57503") && !debug.contains("a0436f6c"), "{debug}");
    }
}
