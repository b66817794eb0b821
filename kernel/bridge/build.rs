//! Lists the agent's Python modules and hashes them: `agent/source.rs` includes the result.

use std::{env, fmt::Write as _, fs, io, path::Path};

use sha2::{Digest, Sha256};

/// Part of the version, since it decides what becomes of an agent that is there.
const LOADER: &str = "src/agent/load.py";
const MODULES: &str = "src/agent/python";
/// Half of the hash's hexadecimal digits tell any two versions apart.
const VERSION_LENGTH: usize = 32;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={LOADER}");
    println!("cargo::rerun-if-changed={MODULES}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("agent_source.rs"), agent_source(Path::new(&root))?)
}

/// Writes the constants of the version and of the modules, in the order of their names.
fn agent_source(root: &Path) -> io::Result<String> {
    let mut hash = Sha256::new_with_prefix(fs::read(root.join(LOADER))?);
    let mut modules = String::new();
    for name in module_names(&root.join(MODULES))? {
        let path = root.join(MODULES).join(format!("{name}.py"));
        hash.update(format!("\0{name}\0"));
        hash.update(fs::read(&path)?);
        writeln!(modules, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    let version: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let version = &version[..VERSION_LENGTH];
    Ok(format!(
        "/// The hash of the agent's sources.\n\
         pub const VERSION: &str = {version:?};\n\
         /// The name and the source of each module.\n\
         const MODULES: &[(&str, &str)] = &[\n{modules}];\n"
    ))
}

fn module_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".py").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
