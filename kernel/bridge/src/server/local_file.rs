//! Files of this machine that a server on this machine has to find.

use std::path::Path;

/// Makes the path of a file of this machine absolute, since a server on this machine has another current
/// folder. Anything else, such as an `hdfs:` address, is left as it is.
pub fn absolute(file: String) -> String {
    let path = Path::new(&file);
    match path.is_relative() && path.exists() {
        true => match std::path::absolute(path) {
            Ok(path) => path.to_str().map(str::to_owned).unwrap_or(file),
            Err(_) => file,
        },
        false => file,
    }
}
