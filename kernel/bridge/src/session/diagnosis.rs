//! Diagnoses from its log why a session has ended, or does not start. Pure.

/// Why a session has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// What happened, as the rest of a sentence about the session.
    pub what: &'static str,
    /// What to do.
    pub next: &'static str,
}

/// The texts that a log line must all contain, and what such a line means.
type Sign = (&'static [&'static str], Cause);

const MEMORY_NEXT: &str = "Bring less data to the driver (collect, toPandas), or give it more memory \
     (spark.driver.memory, spark.driver.memoryOverhead).";

const KILLED_NEXT: &str =
    "Keep less in Python's own memory (toPandas, large lists): Spark's does not count there.";

/// What ends sessions, the most specific first.
const CAUSES_OF_END: [Sign; 15] = [
    // The JVM, by itself and by -XX:+ExitOnOutOfMemoryError.
    (
        &["java.lang.OutOfMemoryError"],
        Cause { what: "the driver ran out of memory", next: MEMORY_NEXT },
    ),
    (&["There is insufficient memory for the Java Runtime"], NO_MEMORY_LEFT),
    // YARN's ContainersMonitorImpl, of Hadoop 2 and of 3.
    (&["running beyond", "memory limits"], OVER_LIMIT),
    (&["beyond the '", "memory limit"], OVER_LIMIT),
    // Kubernetes' reason for a container.
    (&["OOMKilled"], OVER_LIMIT),
    // Livy's ProcessInterpreter; 137 is SIGKILL.
    (
        &["PythonInterpreter: Process has died with 137"],
        Cause {
            what: "its Python was killed, as a machine does when memory is short",
            next: KILLED_NEXT,
        },
    ),
    // The same from livy-local, whose driver is a Python.
    (
        &["The driver process ended: signal: 9"],
        Cause {
            what: "its Python was killed, as a machine does when memory is short",
            next: KILLED_NEXT,
        },
    ),
    (
        &["PythonInterpreter: Process has died with"],
        Cause {
            what: "its Python has ended",
            next: "Avoid code that ends Python (os._exit, a crash in C): it ends the session, too.",
        },
    ),
    // YARN's ClientRMService.
    (
        &["was killed by user"],
        Cause {
            what: "somebody has ended its application",
            next: "The cluster's administrator may know why.",
        },
    ),
    // YARN's LeafQueue, on submission.
    (
        &["cannot accept submission of application"],
        Cause { what: "the YARN queue is full", next: "Try again later, or use another queue." },
    ),
    (
        &["to unknown queue"],
        Cause { what: "there is no such YARN queue", next: "Use a queue that exists." },
    ),
    (
        &["cannot submit applications to queue"],
        Cause { what: "the YARN queue is not open to you", next: "Use a queue that is." },
    ),
    // Spark's own Client for YARN, before it submits.
    (
        &["is above the max threshold", "of this cluster"],
        Cause {
            what: "it asks for more memory than this cluster gives",
            next: "Ask for less (spark.driver.memory, spark.executor.memory).",
        },
    ),
    // Livy's SparkYarnApp.
    (
        &["No YARN application is found with tag"],
        Cause {
            what: "YARN has not taken its application in time",
            next: "The cluster may be full: try again later.",
        },
    ),
    // HDFS, where a user without a home folder starts Spark.
    (
        &["Permission denied: user=", "access="],
        Cause {
            what: "HDFS does not let it write",
            next: "The cluster's administrator may have to create your home folder (/user/NAME).",
        },
    ),
];

const NO_MEMORY_LEFT: Cause = Cause {
    what: "the driver's machine has no memory left",
    next: "Try again later, or ask for less (spark.driver.memory).",
};

const OVER_LIMIT: Cause = Cause {
    what: "the cluster killed its driver, which took more memory than it may have",
    next: MEMORY_NEXT,
};

/// What an application that YARN has accepted waits for, by the texts of YARN's AMState and
/// CSAMContainerLaunchDiagnosticsConstants.
const REASONS_FOR_WAITING: [(&str, &str); 4] = [
    ("Queue's AM resource limit exceeded", "the YARN queue has no room for another application"),
    ("User's AM resource limit exceeded", "your share of the YARN queue is used up"),
    ("is not yet activated", "YARN has not let the application in yet"),
    ("waiting for resources to be assigned for AM", "the cluster has no room for the driver now"),
];

/// Finds out what ended a session with this log, and returns the line that says so, too.
pub fn cause_of_end(log: &[String]) -> Option<(&'static Cause, &str)> {
    CAUSES_OF_END.iter().find_map(|(words, cause)| {
        let says_so = |line: &&String| {
            // A task's error is not the driver's, unless the driver runs the tasks (master `local`).
            let is_of_driver = !line.contains("Lost task") || line.contains("executor driver)");
            is_of_driver && words.iter().all(|word| line.contains(word))
        };
        log.iter().rfind(says_so).map(|line| (cause, line.as_str()))
    })
}

/// Finds out what a session with this log waits for.
pub fn reason_for_waiting(log: &[String]) -> Option<&'static str> {
    let reason = |line: &String| REASONS_FOR_WAITING.iter().find(|(words, _)| line.contains(words));
    log.iter().rev().find_map(reason).map(|(_, what)| *what)
}

/// A fault of Livy itself that it reports in place of an error of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivyFault {
    /// The statement gave more text than Livy's JSON library reads.
    TooLarge,
    /// Livy has read something that its Python did not write, and confuses answers from now on.
    OutOfStep,
    /// The process that runs the code is gone.
    Died,
}

/// Whether the error of a statement is a fault of Livy itself.
pub fn livy_fault(ename: &str, evalue: &str) -> Option<LivyFault> {
    match ename.strip_prefix("com.fasterxml.jackson.core.") {
        Some("exc.StreamConstraintsException") => Some(LivyFault::TooLarge),
        Some("JsonParseException") => Some(LivyFault::OutOfStep),
        _ => evalue.starts_with("Interpreter died").then_some(LivyFault::Died),
    }
}

/// How many of a log's last lines may be about its end.
const LAST_LINES: usize = 30;
/// What warnings and errors of log4j, Java, Python, YARN and Kubernetes contain.
const COMPLAINTS: [&str; 10] = [
    " WARN ",
    " ERROR ",
    " FATAL ",
    "Error",
    "Exception",
    "ended",
    "died",
    "illed",
    "failed",
    "exit",
];
/// How many lines are shown if none of them is a warning or an error.
const UNREMARKABLE_LINES: usize = 3;

/// Returns the lines of a log's end that the user may want to read, `most` at most: warnings and errors,
/// if there are any.
pub fn relevant_lines(log: &[String], most: usize) -> Vec<String> {
    let end = &log[log.len().saturating_sub(LAST_LINES)..];
    let lines: Vec<&str> =
        end.iter().map(|line| line.trim_end()).filter(|line| says_something(line)).collect();
    let complaints: Vec<&str> = lines.iter().copied().filter(|line| complains(line)).collect();
    let (chosen, most) = if complaints.is_empty() {
        (lines, UNREMARKABLE_LINES.min(most))
    } else {
        (complaints, most)
    };
    chosen[chosen.len().saturating_sub(most)..].iter().map(|&line| line.to_owned()).collect()
}

/// Whether a line is more than one of the headings in Livy's log, below which there may be nothing.
pub fn says_something(line: &str) -> bool {
    let headings = ["", "stdout:", "stderr:", "YARN Diagnostics:", "Kubernetes Diagnostics:"];
    !headings.contains(&line.trim())
}

/// Whether a line is a warning or an error. Frames of a Java stack only repeat the names of errors.
fn complains(line: &str) -> bool {
    !line.trim_start().starts_with("at ") && COMPLAINTS.iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &str) -> Vec<String> {
        lines.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn end(line: &str, what: &str) {
        let lines = log(&format!(
            "26/11/26 12:22:20 INFO SparkEntries: Created Spark session.\n{line}\nend"
        ));
        let (cause, told_by) = cause_of_end(&lines).expect(line);
        assert_eq!((cause.what.contains(what), told_by), (true, line), "{}", cause.what);
        assert!(!cause.next.is_empty());
    }

    /// Lines of Livy 0.9 on Spark 3.5, of Spark's and Hadoop's sources, and as people report them.
    #[test]
    fn the_log_tells_why_a_session_has_ended() {
        end("java.lang.OutOfMemoryError: Java heap space", "the driver ran out of memory");
        end(
            "# There is insufficient memory for the Java Runtime Environment to continue.",
            "no memory left",
        );
        end(
            "Container [pid=42,containerID=container_1_0001_01_000001] is running 1073152B beyond the 'PHYSICAL' \
             memory limit. Current usage: 1.5 GB of 1.5 GB physical memory used. Killing container.",
            "took more memory",
        );
        end(
            "Container [pid=42,containerID=container_1_0001_01_000001] is running beyond physical memory limits. \
             Current usage: 1.5 GB of 1.5 GB physical memory used; 2.9 GB of 3.1 GB virtual memory used.",
            "took more memory",
        );
        end("\t container status: terminated, termination reason: OOMKilled", "took more memory");
        end(
            "26/11/26 12:22:28 ERROR PythonInterpreter: Process has died with 137",
            "Python was killed",
        );
        end(
            "26/11/26 12:22:28 ERROR PythonInterpreter: Process has died with 3",
            "Python has ended",
        );
        end("Application application_1_0001 was killed by user alice at 10.0.0.1", "somebody");
        end(
            "org.apache.hadoop.security.AccessControlException: Queue root.jobs already has 500 applications, \
             cannot accept submission of application: application_1_0001",
            "queue is full",
        );
        end(
            "Application application_1_0001 submitted by user alice to unknown queue: nope",
            "no such YARN queue",
        );
        end(
            "java.lang.IllegalArgumentException: Required AM memory (8192+819 MB) is above the max threshold \
             (4096 MB) of this cluster! Please check the values of 'yarn.scheduler.maximum-allocation-mb'",
            "more memory than this cluster",
        );
        end(
            "org.apache.hadoop.security.AccessControlException: Permission denied: user=alice, access=WRITE, \
             inode=\"/user\":hdfs:supergroup:drwxr-xr-x",
            "HDFS",
        );
    }

    #[test]
    fn an_executors_want_of_memory_is_not_the_drivers() {
        let lines = log(
            "WARN TaskSetManager: Lost task 0.0 in stage 0.0 (TID 0): java.lang.OutOfMemoryError: x",
        );
        assert_eq!(cause_of_end(&lines), None);
        assert_eq!(cause_of_end(&[]), None);
    }

    /// Livy keeps 200 lines, which the stack traces of a few tasks fill.
    #[test]
    fn a_task_in_the_driver_tells_of_the_drivers_memory() {
        let lines = log(
            "most recent failure: Lost task 0.0 in stage 0.0 (TID 0) (10.0.0.1 executor driver): \
             java.lang.OutOfMemoryError: Java heap space",
        );
        let cause = cause_of_end(&lines).map(|(cause, _)| cause.what);
        assert_eq!(cause, Some("the driver ran out of memory"));
    }

    #[test]
    fn the_log_tells_what_an_application_waits_for() {
        let waits = |line: &str| {
            reason_for_waiting(&log(&format!("stdout: \n\nYARN Diagnostics: \n{line}")))
        };
        let inactive = "[Thu Nov 26 10:00:00 +0000 2026] Application is added to the scheduler and is not yet activated. ";
        let full =
            "Queue's AM resource limit exceeded.  Details : AM Partition = <DEFAULT_PARTITION>;";
        assert!(waits(&format!("{inactive}{full}")).unwrap().contains("queue has no room"));
        assert!(waits(inactive).unwrap().contains("has not let"));
        let active = "Application is Activated, waiting for resources to be assigned for AM. ";
        assert!(waits(active).unwrap().contains("no room for the driver"));
        assert_eq!(
            waits("26/11/26 12:22:20 INFO Client: Application report (state: ACCEPTED)"),
            None
        );
    }

    /// As recorded of Livy 0.9.
    #[test]
    fn some_errors_of_statements_are_livys_own() {
        let jackson = "com.fasterxml.jackson.core";
        let large = livy_fault(
            &format!("{jackson}.exc.StreamConstraintsException"),
            "String length (20049497) exceeds the maximum length (20000000)",
        );
        assert_eq!(large, Some(LivyFault::TooLarge));
        let desync =
            livy_fault(&format!("{jackson}.JsonParseException"), "Unrecognized token 'from'");
        assert_eq!(desync, Some(LivyFault::OutOfStep));
        assert_eq!(livy_fault("Error", "Interpreter died:\n"), Some(LivyFault::Died));
        assert_eq!(livy_fault("NameError", "name 'x' is not defined"), None);
    }

    #[test]
    fn of_a_log_its_last_complaints_are_worth_reading() {
        let lines = log(
            "stdout: \n\nstderr: \n26/11/26 INFO A: a\n26/11/26 WARN B: b\nError: c\n\tat d(E.scala:1)\n26/11/26 INFO F: f",
        );
        assert_eq!(relevant_lines(&lines, 10), ["26/11/26 WARN B: b", "Error: c"]);
        assert_eq!(relevant_lines(&lines, 1), ["Error: c"]);
        assert_eq!(
            relevant_lines(&log("stdout: \n26/11/26 INFO A: a"), 10),
            ["26/11/26 INFO A: a"]
        );
        assert!(relevant_lines(&log("stdout: \n\nstderr: "), 10).is_empty());
    }
}
