//! Who a test process started, directly or not, and where they listen.

// Each test file uses its own part of it.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Every process below this one.
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
    // A zombie that its parent has not looked at yet holds nothing.
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

/// The addresses, as Linux prints them, on which these processes take connections.
pub fn listening(pids: &BTreeSet<u32>) -> BTreeSet<String> {
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
            listens.then(|| fields[1].split(':').next().unwrap_or_default().to_owned())
        })
        .collect()
}
