"""Measures how long a frame takes between the session and the Python of this machine, beside sparkmagic, on one Livy.

With LIVY_TEST_URL this is measured on that Livy, otherwise on a livy-local. ROWS says how many rows there are.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench_cells import kernels, serve
from jupyter_client.manager import start_new_kernel

ROWS = int(os.environ.get("ROWS", 1_000_000))
LIMIT = 600  # Seconds.
FRAME = f"""
df = spark.range({ROWS}).selectExpr(
    "id", "cast(id as int) as n", "id / 7 as x", "cast(id / 3 as float) as f", "cast(id as string) as s",
    "concat('name ', id % 1000) as name", "id % 2 = 0 as even",
    "date_add(date'2000-01-01', cast(id % 9999 as int)) as d",
    "timestamp_micros(id * 1000003) as t", "cast(id as decimal(20, 2)) as price")
df = df.cache()
df.count()
"""
CELLS = {
    "agent": {"down": "%get df", "up": "%put df as back"},
    "sparkmagic": {
        "down": "%%spark -o df -m take -n -1\ndf",
        "up": f"%%send_to_spark -i df -t df -n back -m {ROWS}",
    },
}
COUNTS = {"down": "%%local\nlen(df)", "up": "back.count()"}


def seconds(client, code):
    """Runs a cell; returns how long it takes, or why there is no such time."""
    began = time.perf_counter()
    try:
        reply = client.execute_interactive(code, timeout=LIMIT, output_hook=lambda _: None, allow_stdin=False)
    except TimeoutError:
        return f"not in {LIMIT} s"
    if reply["content"]["status"] != "ok":
        return reply["content"]["ename"]
    return f"{time.perf_counter() - began:.1f} s"


def count(client, code):
    """Returns how many rows have come."""
    values = []

    def note(message):
        if message["msg_type"] == "execute_result":
            values.append(message["content"]["data"]["text/plain"])
        elif message["msg_type"] == "stream":  # sparkmagic prints what the session answers.
            values.append(message["content"]["text"].strip())

    client.execute_interactive(code, timeout=LIMIT, output_hook=note, allow_stdin=False)
    return values[-1] if values else "none"


def measure(client, cells):
    client.execute_interactive(FRAME, timeout=LIMIT, output_hook=lambda _: None, allow_stdin=False)
    found = {}
    for way, code in cells.items():
        for again in (1, 2):
            found[f"{way}, {again}."] = took = seconds(client, code)
            if not took.endswith(" s") or took.startswith("not"):
                return found
        found[f"rows {way}"] = count(client, COUNTS[way])
    return found


def main(program, sparkmagic):
    local, livy_url = None, os.environ.get("LIVY_TEST_URL")
    if not livy_url:
        local, livy_url = serve(Path(program).resolve())
    print(f"{ROWS:,} rows of 10 columns", flush=True)
    try:
        with TemporaryDirectory() as folder:
            os.environ["JUPYTER_PATH"] += os.pathsep + folder
            for column, name, env in kernels(Path(folder), sparkmagic, urlsplit(livy_url)):
                if column in CELLS:
                    manager, client = start_new_kernel(kernel_name=name, env=os.environ | env)
                    print(column, measure(client, CELLS[column]), flush=True)
                    client.stop_channels()
                    manager.shutdown_kernel()
    finally:
        if local:
            local.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
