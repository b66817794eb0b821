"""The kernel's AWS signatures equal those of AWS's own library."""

import hashlib
import json
import os
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import plain, running_kernel

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
AWS = {"LIVY_AUTH": "sigv4", "LIVY_AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def server(answer=(200, {"from": 0, "total": 0, "sessions": []})):
    """A server that keeps the requests that it gets."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, dict(self.headers), body))
            status, content = answer(len(asked)) if callable(answer) else answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = do_POST = do_DELETE = do_any

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", asked
    listening.shutdown()


def botocores(url, request, token=None, service="emr-serverless", region="eu-west-1"):
    """Returns the header that botocore makes for the same request at the same time."""
    command, path, headers, body = request
    headers = {name.lower(): value for name, value in headers.items()}
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: headers[name] for name in signed if name not in ("x-amz-date", "x-amz-security-token")}
    again = AWSRequest(command, url + path, data=body, headers=kept)
    again.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(KEY["AWS_ACCESS_KEY_ID"], KEY["AWS_SECRET_ACCESS_KEY"], token), service, region)
    again.headers["X-Amz-Date"] = headers["x-amz-date"]
    if token:
        again.headers["X-Amz-Security-Token"] = token
    text = auth.string_to_sign(again, auth.canonical_request(again))
    return auth.signature(text, again), headers


def test_the_reference_signer_makes_the_signature_aws_published():
    # `get-vanilla` of AWS's test suite for Signature Version 4.
    published = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    signed = {"Authorization": "AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date, Signature=" + published}
    headers = signed | {"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"}
    request = "GET", "/", headers, b""
    assert botocores("https://example.amazonaws.com", request, None, "service", "us-east-1")[0] == published


def test_a_request_is_signed_as_botocore_signs_it(program):
    with server() as (url, asked):
        done = subprocess.run(
            [program, "sessions"], env=os.environ | KEY | AWS | {"LIVY_URL": url}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        for request in asked:
            signature, headers = botocores(url, request)
            assert headers["authorization"].endswith(f"Signature={signature}")
            assert headers["x-amz-content-sha256"] == hashlib.sha256(request[3]).hexdigest()


def test_a_body_is_covered_and_a_token_of_a_session_goes_along(program):
    refuses = 403, {"message": "The security token included in the request is invalid."}
    with server(refuses) as (url, asked):
        env = KEY | AWS | {"AWS_SESSION_TOKEN": "of the session"}
        with running_kernel(
            "livy-pyspark", url, **env, LIVY_AWS_EXECUTION_ROLE="arn:aws:iam::1:role/notebooks"
        ) as kernel:
            told = plain("\n".join(kernel.run("1")[0]["traceback"]))
        assert "security token" in told and KEY["AWS_SECRET_ACCESS_KEY"] not in told
        request = next(request for request in asked if request[0] == "POST")
        signature, headers = botocores(url, request, "of the session")
        assert headers["authorization"].endswith(f"Signature={signature}")
        assert headers["x-amz-content-sha256"] == hashlib.sha256(request[3]).hexdigest()
        conf = json.loads(request[3])["conf"]
        assert conf["emr-serverless.session.executionRoleArn"] == "arn:aws:iam::1:role/notebooks"


def test_each_attempt_has_a_signature_of_its_own(program):
    def first_fails(count):
        return (503, {}) if count == 1 else (200, {"from": 0, "total": 0, "sessions": []})

    with server(first_fails) as (url, asked), running_kernel("livy-sql", url, **KEY, **AWS) as kernel:
        kernel.outputs("%sessions")
        assert len(asked) > 1
        for request in asked:
            signature, headers = botocores(url, request)
            assert headers["authorization"].endswith(f"Signature={signature}")


def test_without_credentials_it_is_said_where_they_are_looked_for(tmp_path):
    nowhere = {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "no"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no"),
    }
    with server() as (url, asked), running_kernel("livy-sql", url, **AWS, **nowhere) as kernel:
        told = plain("\n".join(kernel.run("%sessions", timeout=60)[0]["traceback"]))
        assert "AWS_PROFILE" in told and asked == []


def test_a_profile_and_a_process_of_ones_own_are_asked(program, tmp_path):
    answer = {"Version": 1, "AccessKeyId": KEY["AWS_ACCESS_KEY_ID"], "SecretAccessKey": KEY["AWS_SECRET_ACCESS_KEY"]}
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    (tmp_path / "config").write_text(f"[profile work]\ncredential_process = cat {tmp_path / 'answer.json'}\n")
    env = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "work",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no"),
    }
    with server() as (url, asked):
        done = subprocess.run(
            [program, "sessions"], env=os.environ | AWS | env | {"LIVY_URL": url}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert asked[0][2]["authorization"].endswith(botocores(url, asked[0])[0])


def test_emrs_runtime_roles_log_in_with_what_a_command_prints(program, tmp_path):
    login = {"Credentials": {"UsernamePassword": {"Username": "u", "Password": "p"}}, "ExpiresAt": 9999999999}
    (tmp_path / "login.json").write_text(json.dumps(login))
    with server() as (url, asked):
        env = os.environ | {"LIVY_URL": url, "LIVY_TOKEN_COMMAND": f"cat {tmp_path / 'login.json'}"}
        assert subprocess.run([program, "sessions"], env=env, capture_output=True).returncode == 0
        assert asked[0][2]["authorization"] == "Basic dTpw"
