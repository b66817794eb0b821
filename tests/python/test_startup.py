"""Start-up code in real sessions."""

from conftest import SPARK_START, running_kernel


def test_a_session_knows_what_start_up_code_has_defined(livy_url, tmp_path):
    startup = tmp_path / "startup.py"
    startup.write_text("def double(n):\n    return 2 * n\n\nprint('ready to double')\n")
    with running_kernel("livy-pyspark", livy_url, LIVY_STARTUP=str(startup)) as kernel:
        reply, shown = kernel.run("double(21)", timeout=SPARK_START)
        assert reply["status"] == "ok", reply
        texts = [m["content"]["data"]["text/plain"] for m in shown if "data" in m["content"]]
        assert "ready to double" in texts[-2] and texts[-1].strip() == "42"


def test_start_up_code_that_fails_stops_no_cell(livy_url, tmp_path):
    startup = tmp_path / "startup.py"
    startup.write_text("y = 1\n1 / 0\n")
    with running_kernel("livy-pyspark", livy_url, LIVY_STARTUP=str(startup)) as kernel:
        reply, shown = kernel.run("print(y)", timeout=SPARK_START)
        assert reply["status"] == "ok", reply
        streams = [m["content"]["text"] for m in shown if m["msg_type"] == "stream"]
        assert "ZeroDivisionError" in streams[0] and streams[-1].strip() == "1"
