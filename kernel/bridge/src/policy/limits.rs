//! The most that a session may ask for. Pure.

use livy_client::time;
use serde::Deserialize;

use crate::policy::{
    error::PolicyError,
    names::Asked,
    quantity::{self, MEBIBYTE, Memory, Time},
};

/// The most that a session or batch may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    driver_memory: Option<Memory>,
    executor_memory: Option<Memory>,
    driver_cores: Option<u32>,
    executor_cores: Option<u32>,
    pub num_executors: Option<u32>,
    pub ttl: Option<Time>,
    pub idle_timeout: Option<Time>,
}

/// What counts as the memory of a driver or executor: its heap, and what is beside it, with the unit of a
/// number alone.
struct MemoryNames {
    heap: &'static str,
    beside: &'static [(&'static str, u64)],
    factors: [&'static str; 2],
}

const DRIVER_MEMORY: MemoryNames = MemoryNames {
    heap: "spark.driver.memory",
    beside: &[
        ("spark.driver.memoryoverhead", MEBIBYTE),
        ("spark.driver.minmemoryoverhead", MEBIBYTE),
    ],
    factors: ["spark.driver.memoryoverheadfactor", "spark.kubernetes.memoryoverheadfactor"],
};
const EXECUTOR_MEMORY: MemoryNames = MemoryNames {
    heap: "spark.executor.memory",
    beside: &[
        ("spark.executor.memoryoverhead", MEBIBYTE),
        ("spark.executor.minmemoryoverhead", MEBIBYTE),
        ("spark.executor.pyspark.memory", MEBIBYTE),
        ("spark.memory.offheap.size", 1),
    ],
    factors: ["spark.executor.memoryoverheadfactor", "spark.kubernetes.memoryoverheadfactor"],
};
/// Spark's default for both heaps.
const DEFAULT_HEAP: u64 = 1 << 30;

const DRIVER_CORES: [&str; 3] = [
    "spark.driver.cores",
    "spark.kubernetes.driver.request.cores",
    "spark.kubernetes.driver.limit.cores",
];
const EXECUTOR_CORES: [&str; 3] = [
    "spark.executor.cores",
    "spark.kubernetes.executor.request.cores",
    "spark.kubernetes.executor.limit.cores",
];
const EXECUTORS: [&str; 5] = [
    "spark.executor.instances",
    "spark.dynamicallocation.initialexecutors",
    "spark.dynamicallocation.minexecutors",
    "spark.dynamicallocation.maxexecutors",
    "spark.streaming.dynamicallocation.maxexecutors",
];

/// What is asked for, compared with the limits of the policy in the file `source`.
pub struct Comparison<'a> {
    pub asked: &'a [Asked],
    pub source: &'a str,
}

impl Limits {
    /// Whether anything is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what is asked for.
    ///
    /// # Errors
    ///
    /// Something is more than is allowed, or cannot be compared.
    pub fn check(&self, comparison: &Comparison<'_>) -> Result<(), PolicyError> {
        comparison.memory(&DRIVER_MEMORY, self.driver_memory.as_ref())?;
        comparison.memory(&EXECUTOR_MEMORY, self.executor_memory.as_ref())?;
        comparison.cores(&DRIVER_CORES, self.driver_cores)?;
        comparison.cores(&EXECUTOR_CORES, self.executor_cores)?;
        comparison.executors(self.num_executors)?;
        comparison.time("ttl", self.ttl.as_ref())?;
        comparison.time("idletimeout", self.idle_timeout.as_ref())
    }
}

impl<'a> Comparison<'a> {
    fn named(&self, name: &'a str) -> impl Iterator<Item = &'a Asked> {
        self.asked.iter().filter(move |asked| asked.name == name)
    }

    /// Compares the whole memory of a driver or executor.
    fn memory(&self, names: &MemoryNames, limit: Option<&Memory>) -> Result<(), PolicyError> {
        let Some(limit) = limit else { return Ok(()) };
        let heap = self.amount(names.heap, MEBIBYTE, limit)?;
        let mut parts: Vec<(&Asked, u64)> = heap.into_iter().collect();
        for (name, unit) in names.beside {
            parts.extend(self.amount(name, *unit, limit)?);
        }
        let heap = heap.map_or(DEFAULT_HEAP, |(_, bytes)| bytes);
        for name in names.factors {
            parts.extend(self.part_of(heap, name, limit)?);
        }
        let total = parts.iter().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
        match &parts[..] {
            [(first, _), others @ ..] if total > limit.bytes => {
                let others =
                    others.iter().map(|(it, _)| format!(" with {} {}", it.key, it.shown()));
                let what = first.shown().to_owned() + &others.collect::<String>();
                Err(self.too_much(&first.key, &what, limit))
            }
            _ => Ok(()),
        }
    }

    fn amount(
        &self,
        name: &'a str,
        unit: u64,
        limit: &Memory,
    ) -> Result<Option<(&'a Asked, u64)>, PolicyError> {
        self.largest(name, "size", limit, |text| quantity::memory(text, unit))
    }

    /// The memory that is asked for as a part of the heap.
    fn part_of(
        &self,
        heap: u64,
        name: &'a str,
        limit: &Memory,
    ) -> Result<Option<(&'a Asked, u64)>, PolicyError> {
        self.largest(name, "number", limit, |text| quantity::part_of(heap, text))
    }

    /// The largest amount under this name: two ways of asking for the same may differ.
    fn largest(
        &self,
        name: &'a str,
        kind: &str,
        limit: &Memory,
        read: impl Fn(&str) -> Option<u64>,
    ) -> Result<Option<(&'a Asked, u64)>, PolicyError> {
        let read = |asked: &'a Asked| match read(&asked.value) {
            Some(bytes) => Ok((asked, bytes)),
            None => Err(self.incomparable(asked, kind, limit)),
        };
        let all = self.named(name).map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().max_by_key(|(_, bytes)| *bytes))
    }

    fn cores(&self, names: &[&'a str], limit: Option<u32>) -> Result<(), PolicyError> {
        let Some(limit) = limit else { return Ok(()) };
        self.numbers(names, limit, |text| {
            quantity::millicores(text).map(|cores| cores > u64::from(limit) * 1000)
        })
    }

    fn executors(&self, limit: Option<u32>) -> Result<(), PolicyError> {
        let Some(limit) = limit else { return Ok(()) };
        self.numbers(&EXECUTORS, limit, |text| {
            text.trim().parse().ok().map(|count: u32| count > limit)
        })
    }

    fn numbers(
        &self,
        names: &[&'a str],
        limit: u32,
        is_more: impl Fn(&str) -> Option<bool>,
    ) -> Result<(), PolicyError> {
        for asked in names.iter().flat_map(|name| self.named(name)) {
            match is_more(&asked.value) {
                Some(false) => {}
                Some(true) => return Err(self.too_much(&asked.key, asked.shown(), limit)),
                None => return Err(self.incomparable(asked, "number", limit)),
            }
        }
        Ok(())
    }

    fn time(&self, name: &'a str, limit: Option<&Time>) -> Result<(), PolicyError> {
        let Some(limit) = limit else { return Ok(()) };
        for asked in self.named(name) {
            match time::parse(&asked.value) {
                Some(length) if length <= limit.length => {}
                Some(_) => return Err(self.too_much(&asked.key, asked.shown(), limit)),
                None => return Err(self.incomparable(asked, "time", limit)),
            }
        }
        Ok(())
    }

    fn too_much(&self, key: &str, value: &str, limit: impl std::fmt::Display) -> PolicyError {
        let what = format!("{value} is more than the {limit} that {} allows", self.source);
        PolicyError::new(key, what)
    }

    fn incomparable(
        &self,
        asked: &Asked,
        kind: &str,
        limit: impl std::fmt::Display,
    ) -> PolicyError {
        let (value, source) = (asked.shown(), self.source);
        let what = format!("{value} is no {kind}, of which {source} allows at most {limit}");
        PolicyError::new(&asked.key, what)
    }
}
