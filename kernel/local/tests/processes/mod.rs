//! The descendants of a test process, and the ports on which they listen.

// Each test target uses only a part of it.
#![allow(dead_code)]

use std::{
    collections::BTreeSet,
    fs,
    process::Command,
    time::{Duration, Instant},
};

/// Returns all children of a process, their children and so on.
pub fn descendants(of: u32) -> BTreeSet<u32> {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap().stdout;
    let listing = String::from_utf8(listing).unwrap();
    let pairs: Vec<(u32, u32)> = listing
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap());
            Some((numbers.next()?, numbers.next()?))
        })
        .collect();
    let mut found = BTreeSet::from([of]);
    while let Some(&(pid, _)) =
        pairs.iter().find(|(pid, parent)| found.contains(parent) && !found.contains(pid))
    {
        found.insert(pid);
    }
    found.remove(&of);
    found
}

pub fn are_alive(pids: &BTreeSet<u32>) -> Vec<String> {
    let list = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let shown = Command::new("ps")
        .args(["-o", "pid=,stat=,command=", "-p", &list])
        .output()
        .unwrap()
        .stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    // A zombie only waits for its parent, and holds nothing.
    shown
        .lines()
        .filter(|line| !line.contains(" Z"))
        .map(|line| line.chars().take(150).collect())
        .collect()
}

#[track_caller]
pub fn assert_gone_within(limit: Duration, pids: &BTreeSet<u32>) {
    let end = Instant::now() + limit;
    while Instant::now() < end && !are_alive(pids).is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(are_alive(pids), Vec::<String>::new(), "left behind");
}

/// Returns the addresses, as Linux prints them, on which these processes listen.
pub fn listening(pids: &BTreeSet<u32>) -> BTreeSet<String> {
    sockets(pids).into_iter().map(|(address, _)| address).collect()
}

/// Returns the ports on which these processes listen.
pub fn ports(pids: &BTreeSet<u32>) -> BTreeSet<u16> {
    sockets(pids).into_iter().map(|(_, port)| port).collect()
}

fn sockets(pids: &BTreeSet<u32>) -> BTreeSet<(String, u16)> {
    let sockets: BTreeSet<String> = pids
        .iter()
        .filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok())
        .flatten()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A") && sockets.contains(*fields.get(9)?);
            let (address, port) = fields[1].split_once(':')?;
            listens.then_some((address.to_owned(), u16::from_str_radix(port, 16).ok()?))
        })
        .collect()
}
