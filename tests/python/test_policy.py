"""What the agent does not do where a policy forbids it. `tests/policy.rs` has the other ways around a policy."""

import os
import shutil
import subprocess

import pytest
from agent_session import WITHOUT_IPYTHON, Session
from conftest import SPARK_START, running_kernel
from pools import Pool

POOL_POLICY = """
forbid = ["attach"]
[force.conf]
"spark.forced" = "yes"
"""
WHY = "%pip is forbidden by /etc/livy-kernel/policy.toml (forbid: pip)"
POLICY = """
forbid = ["pip"]
banner = "Customer data stays here."
[max]
ttl = "8h"
"""


@pytest.mark.parametrize("environment", [{}, WITHOUT_IPYTHON], ids=["ipython", "plain"])
def test_an_agent_that_was_told_so_installs_nothing(environment):
    session = Session(environment=environment)
    session.call("refuse_packages", WHY)
    for code in ["%pip install x", "for name in 'xy':\n    %pip install {name}", "a = 1\n%pip list"]:
        failed, *_ = session.execute(code)
        assert (failed["ename"], failed["evalue"]) == ("PolicyError", WHY), code
    session.close()


@pytest.fixture
def prefix(program, tmp_path, monkeypatch):
    """An environment with the program, its kernels, and a policy."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "etc" / "livy-kernel").mkdir(parents=True)
    copy = shutil.copy2(program, tmp_path / "bin" / "livy-kernel")
    (tmp_path / "etc" / "livy-kernel" / "policy.toml").write_text(POLICY)
    subprocess.run([copy, "install", "--prefix", tmp_path], check=True, capture_output=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    return tmp_path


def test_no_cell_installs_packages_by_the_agent(prefix, server_url):
    with running_kernel("livy-pyspark", server_url, LIVY_AGENT="always") as kernel:
        reply, shown = kernel.run("1", timeout=SPARK_START)
        assert reply["status"] == "ok" and "Customer data stays here." in str(shown)
        kernel.await_agent()
        for code in [
            "%pip install x",
            "if True:\n    %pip install x",
            "get_ipython().run_line_magic('pip', 'install x')",
            "%time %pip install x",
        ]:
            reply, _ = kernel.run(code)
            assert reply["status"] == "error" and reply["ename"] == "PolicyError", (code, reply)
            assert os.fspath(prefix) in reply["evalue"]


def test_a_pool_gives_only_sessions_that_kernels_have_started_with_these_properties(prefix, server_url):
    (prefix / "etc" / "livy-kernel" / "policy.toml").write_text(POOL_POLICY)
    pool = Pool(server_url)
    others = pool.request("POST", "/sessions", {"kind": "pyspark", "name": f"{pool.name}-1"})
    try:
        with pool.kernel() as first:
            first.run("x = 41", timeout=SPARK_START)
            assert first.value("sc.getConf().get('spark.forced')") == "'yes'"
        with pool.kernel() as second:
            reply, shown = second.run("x", timeout=SPARK_START)
            assert reply["status"] == "ok" and "'41'" in str(shown) and f"{pool.name}-2" in str(shown)
            reply, _ = second.run(f"%attach {others['id']}")
            assert reply["ename"] == "PolicyError" and "forbid: attach" in reply["evalue"]
        assert sorted(pool.sessions()) == [1, 2]
    finally:
        pool.end()
