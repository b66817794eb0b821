//! What this process uses of its machine's memory, under ipykernel's names.

use std::{collections::HashMap, fs, process, thread};

use serde_json::{Map, Value, json};

/// Measures this process and its machine.
pub fn measure() -> Map<String, Value> {
    let mut usage = Map::new();
    usage.extend(hostname().map(|name| ("hostname".to_owned(), name.into())));
    usage.insert("pid".to_owned(), process::id().into());
    let processors = thread::available_parallelism().ok();
    usage.extend(processors.map(|count| ("cpu_count".to_owned(), count.get().into())));
    let own = fs::read_to_string("/proc/self/status").ok();
    let resident = own.and_then(|status| sizes(&status).get("VmRSS").copied());
    usage.extend(resident.map(|bytes| ("kernel_memory".to_owned(), bytes.into())));
    // jupyter-resource-usage fails without this object, but not without what is in it.
    let machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    usage.insert("host_virtual_memory".to_owned(), virtual_memory(&machine));
    usage
}

#[cfg(unix)]
fn hostname() -> Option<String> {
    Some(rustix::system::uname().nodename().to_string_lossy().into_owned())
}

#[cfg(not(unix))]
fn hostname() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The machine's memory as psutil has it, from the text of `/proc/meminfo`.
fn virtual_memory(meminfo: &str) -> Value {
    let sizes = sizes(meminfo);
    let named = |name: &str| sizes.get(name).copied();
    let (Some(total), Some(available)) = (named("MemTotal"), named("MemAvailable")) else {
        return json!({});
    };
    let used = total.saturating_sub(available);
    json!({
        "total": total,
        "available": available,
        "used": used,
        "percent": (used * 1000).checked_div(total).unwrap_or_default() as f64 / 10.0,
        "free": named("MemFree"),
        "active": named("Active"),
        "inactive": named("Inactive"),
    })
}

/// The sizes in bytes that a file such as `/proc/meminfo` lists in lines like `MemFree:  12 kB`.
fn sizes(listed: &str) -> HashMap<&str, u64> {
    let size = |line| {
        let (name, value) = str::split_once(line, ':')?;
        let kilobytes: u64 = value.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some((name, kilobytes.saturating_mul(1024)))
    };
    listed.lines().filter_map(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_lists_it() {
        let listed =
            "MemTotal:   1000 kB\nMemFree:  100 kB\nMemAvailable:  250 kB\nHugePages_Total:  0\n";
        let memory = virtual_memory(listed);
        assert_eq!((&memory["total"], &memory["free"]), (&json!(1_024_000), &json!(102_400)));
        assert_eq!((&memory["percent"], &memory["active"]), (&json!(75.0), &Value::Null));
        assert_eq!(virtual_memory("nonsense"), json!({}));
    }

    #[test]
    fn this_process_has_an_id_and_its_machine_a_name() {
        let usage = measure();
        assert_eq!(usage["pid"], process::id());
        assert!(usage["hostname"].as_str().is_some_and(|name| !name.is_empty()), "{usage:?}");
    }
}
