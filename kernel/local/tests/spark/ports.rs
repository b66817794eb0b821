//! Other users of this machine get nothing at the ports of a session's processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;

use crate::{
    processes::ports,
    session::{Session, idle_session},
    spark_server::spark_server,
};

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "looks into /proc")]
async fn every_port_of_a_session_wants_a_secret() {
    let Some((_server, client)) = spark_server().await else { return };
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    session.check_text(USE_ALL, "True").await;
    let known = known_ports(&session).await;
    let pids = session.processes().await;
    let (daemons, others): (BTreeSet<u32>, BTreeSet<u32>) =
        pids.iter().partition(|pid| runs_workers(**pid));
    let workers = &ports(&daemons) - &ports(&others);
    let all: BTreeSet<u16> = known.values().copied().chain(workers.clone()).collect();
    assert_eq!(ports(&pids), all, "unknown, or not there: {known:?}");
    assert_eq!(all.len(), 7, "{known:?} {workers:?}");

    for name in ["driver", "blocks"] {
        // An RPC, whose arguments Java would deserialize.
        let answer =
            reply_to(known[name], b"\0\0\0\0\0\0\0\x1a\x03\0\0\0\0\0\0\0\x07\0\0\0\x05hello");
        assert!(answer.contains("Expected SaslMessage"), "{name}: {answer}");
    }
    // A request for a class that the user defined in Scala.
    let class = b"\0\0\0\0\0\0\0\x1f\x06\0\0\0\x12/classes/Foo.class";
    assert!(!reply_to(known["driver"], class).starts_with("\0\0\0\0\0\0\0\x1f\x07"));
    let page = reply_to(known["ui"], b"GET /jobs/ HTTP/1.0\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 403"), "{page}");
    let called = reply_to(known["gateway"], b"c\nz:java.lang.System\ncurrentTimeMillis\ne\n");
    assert!(!called.contains("!yL"), "{called}");
    assert_eq!(reply_to(known["callbacks"], b"c\np0\ncall\ne\n"), "");
    assert_eq!(reply_to(known["accumulators"], &[b'x'; 64]), "");
    for port in workers {
        assert!(reply_to(port, b"\0\0\0\x05wrong").contains("err"));
    }
}

/// Starts Python workers, an accumulator, and a stream for which Java calls Python.
const USE_ALL: &str = "import time
total, batches = sc.accumulator(0), []
sc.parallelize(range(4), 2).foreach(lambda x: total.add(x))
rate = spark.readStream.format('rate').load().writeStream
query = rate.foreachBatch(lambda frame, number: batches.append(number)).start()
for _ in range(300):
    if batches: break
    time.sleep(0.1)
query.stop()
total.value == 6 and len(batches) > 0";

async fn known_ports(session: &Session<'_>) -> BTreeMap<String, u16> {
    let code = "import json
gateway, blocks = sc._gateway, sc._jvm.org.apache.spark.SparkEnv.get().blockManager().blockManagerId()
print(json.dumps({
    'driver': int(sc.getConf().get('spark.driver.port')), 'blocks': blocks.port(),
    'ui': int(sc.uiWebUrl.rsplit(':')[-1]), 'gateway': gateway.gateway_parameters.port,
    'callbacks': gateway._callback_server.server_socket.getsockname()[1],
    'accumulators': __import__('pyspark').accumulators and sc._accumulatorServer.server_address[1]}))";
    let output = session.run("pyspark", code).await;
    let text = output["data"]["text/plain"].as_str().unwrap_or_else(|| panic!("{output:#}"));
    serde_json::from_str(text).unwrap()
}

fn runs_workers(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains("pyspark.daemon")
}

/// Returns what arrives until one second passes without a byte or the connection ends.
fn reply_to(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(bytes).unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
