"""The settings in livy-kernel.toml, its profiles and sparkmagic's config.json, and `livy-kernel config`."""

import json
import os
import subprocess
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from conftest import SPARK_START, plain, running_kernel
from jupyter_client.kernelspec import KernelSpecManager


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The path of the settings file."""
    path = tmp_path / "jupyter" / "livy-kernel.toml"
    path.parent.mkdir()
    monkeypatch.setenv("LIVY_KERNEL_CONFIG", str(path))
    monkeypatch.delenv("LIVY_URL", raising=False)
    return path


@pytest.fixture
def livy_kernel(program, config):
    def run(*arguments, code=0, **env):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, env=os.environ | env)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_an_example_is_written_once_and_is_in_order(livy_kernel, config):
    assert str(config) in livy_kernel("config", "init")
    text = config.read_text()
    assert '# url = "https://livy.example:8998"' in text and "(LIVY_URL)" in text
    assert "has no mistakes" in livy_kernel("config", "check")
    assert "was not changed" in livy_kernel("config", "init", code=1) and config.read_text() == text


def test_each_fault_is_told_with_its_line_and_a_suggestion(livy_kernel, config):
    config.write_text(
        'urk = "http://a"\nagent = "perhaps"\n[session]\nnumExecutors = "two"\n[profiles.prod]\nurl = "ftp://b"\n'
    )
    told = livy_kernel("config", "check", code=1)
    for words in [
        ("line 1", "did you mean url?"),
        ("agent (line 2", "auto"),
        ("line 4", "numExecutors"),
        ("url (line 6", "http"),
    ]:
        assert any(all(word in line for word in words) for line in told.splitlines()), (words, told)
    config.write_text("url = \n")
    assert "line 1: is not valid TOML" in livy_kernel("config", "check", code=1)


def test_values_are_shown_with_their_source_and_without_secrets(livy_kernel, config):
    config.write_text(
        'url = "https://ada:s3cret@livy.example/x"\ntoken = "s3cret"\n[session]\ndriverMemory = "2g"\n'
        'conf = { "spark.my.password" = "s3cret", "spark.b" = 1 }\n[profiles.prod]\nprogress = "clear"\n'
    )
    shown = livy_kernel("config", "show", "--profile", "prod", LIVY_PATIENCE="5m")
    assert "s3cret" not in shown
    rows = {line.split()[0]: line for line in shown.splitlines()}
    assert "https://livy.example/x" in rows["url"] and rows["url"].endswith("line 1")
    assert rows["progress"].endswith("line 7, profile prod") and rows["patience"].endswith("the environment")
    assert "2g" in rows["session.driverMemory"] and "(not shown)" in rows["token"]
    told = json.loads(livy_kernel("config", "show", "--json"))
    assert told["values"]["session.driverMemory"]["value"] == '"2g"' and "s3cret" not in str(told)


def test_kernels_of_a_profile_use_it(livy_kernel, config, server_url, tmp_path):
    config.write_text(
        f'url = "http://127.0.0.1:1"\n[session.conf]\n"spark.test.number" = 7\n[profiles.prod]\nurl = "{server_url}"\n'
        'session.conf."spark.test.other" = true\n'
    )
    assert "not one of the profiles" in livy_kernel("install", "--prefix", tmp_path, "--profile", "test", code=2)
    assert "livy-pyspark-prod" in livy_kernel("install", "--prefix", tmp_path, "--profile", "prod", "--kind", "pyspark")
    path = os.environ["JUPYTER_PATH"]
    os.environ["JUPYTER_PATH"] = f"{tmp_path / 'share' / 'jupyter'}{os.pathsep}{path}"
    try:
        assert KernelSpecManager().get_kernel_spec("livy-pyspark-prod").display_name == "PySpark (Livy, prod)"
        with running_kernel("livy-pyspark-prod", LIVY_KERNEL_CONFIG=str(config)) as kernel:
            code = "spark.conf.get('spark.test.number'), spark.conf.get('spark.test.other')"
            assert kernel.value(code, timeout=SPARK_START) == "('7', 'true')"
            assert "profile prod" in str(kernel.outputs("%info"))
    finally:
        os.environ["JUPYTER_PATH"] = path


def test_the_first_cell_reports_invalid_settings(config):
    config.write_text('patience = "long"\n')
    with running_kernel("livy-sql", LIVY_KERNEL_CONFIG=str(config)) as kernel:
        reply, _ = kernel.run("select 1")
        told = plain("\n".join(reply["traceback"]))
        assert reply["ename"] == "SettingsError" and "patience (line 1 of livy-kernel.toml) must be a time" in told


def sparkmagics(folder, url):
    url = urlsplit(url)
    credentials = {
        "username": url.username or "",
        "base64_password": b64encode((url.password or "").encode()).decode(),
        "url": f"http://{url.hostname}:{url.port}",
    }
    config = {
        "kernel_python_credentials": credentials,
        "session_configs": {"conf": {"spark.test.number": "8"}, "name": "mine"},
        "use_auto_viz": True,
    }
    (folder / "config.json").write_text(json.dumps(config))


def test_sparkmagics_file_is_used_where_there_is_no_other(livy_kernel, config, server_url, tmp_path):
    sparkmagics(tmp_path, server_url)
    shown = livy_kernel("config", "show", SPARKMAGIC_CONF_DIR=str(tmp_path))
    assert "used from sparkmagic's config.json: kernel_python_credentials, session_configs" in shown
    assert "use_auto_viz: rows are tables" in shown and "session_configs.name: notebooks would share" in shown
    with running_kernel("livy-pyspark", LIVY_KERNEL_CONFIG=str(config), SPARKMAGIC_CONF_DIR=str(tmp_path)) as kernel:
        assert kernel.value("spark.conf.get('spark.test.number')", timeout=SPARK_START) == "'8'"
        assert "sparkmagic" in str(kernel.outputs("%info"))
