"""The server as a process: its door, its start, its end; and training as a program."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.rasa import models

SECRET = "a secret of the tests, long enough"
HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
TURN = {"conversation_id": "c1", "message_id": "c1:1", "text": "hello", "command": None, "metadata": {}, "state": None}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=PROJECT,
        env={**os.environ, "SHOPKEEPER_INTERNAL_SECRET": SECRET, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def server(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, subprocess.Popen, Path]]:
    port, log = free_port(), tmp_path_factory.mktemp("log") / "rasa.log"
    command = [
        sys.executable,
        "-m",
        "bot.rasa.serve",
        "--port",
        str(port),
        "--model",
        str(model_dir),
        "--actions-url",
        "http://127.0.0.1:9",
    ]
    environment = {**os.environ, "SHOPKEEPER_INTERNAL_SECRET": SECRET, "SHOPKEEPER_ACTION_TIMEOUT": "1"}
    with log.open("w") as out, subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=out, stdout=out) as process:
        for _ in range(600):
            try:
                if ask(port, "GET", "/health")[0] == 200:
                    break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        yield port, process, log
        process.kill()


def ask(port: int, method: str, path: str, body: object = None, secret: str = SECRET) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, content, {"Authorization": f"Bearer {secret}"})
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_health_names_the_model(server, model_dir):
    assert ask(server[0], "GET", "/health")[1]["model"] == models.current(model_dir)[1]["sha256"]


def test_a_turn_is_answered(server):
    status, answer = ask(server[0], "POST", "/turn", TURN)
    assert (status, answer["messages"][0]["text"]) == (200, "Hello.")


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], "sécret"])
def test_without_the_secret_nothing_is_answered(server, secret):
    connection = http.client.HTTPConnection("127.0.0.1", server[0], timeout=20)
    connection.request("POST", "/turn", json.dumps(TURN), {"Authorization": f"Bearer {secret}".encode()})
    assert connection.getresponse().status == 401


BAD = {
    "not JSON": (b"{", "JSON"),
    "a list": ([], "object"),
    "no text": ({**TURN, "text": None}, "text"),
    "too long": ({**TURN, "text": "x" * 9000}, "text"),
    "no id": ({**TURN, "message_id": ""}, "message_id"),
    "odd metadata": ({**TURN, "metadata": []}, "metadata"),
    "odd command": ({**TURN, "command": {"intent": 1}}, "command"),
    "unknown command": ({**TURN, "command": {"intent": "no_such_intent"}}, "command"),
    "Rasa's own command": ({**TURN, "command": {"intent": "restart"}}, "command"),
    "odd state": ({**TURN, "state": 1}, "state"),
    "foreign state": ({**TURN, "state": "1:AAAA"}, "state"),
}


@pytest.mark.parametrize(("body", "word"), BAD.values(), ids=BAD)
def test_a_malformed_request_is_refused_with_the_reason(server, body, word):
    status, answer = ask(server[0], "POST", "/turn", body)
    assert status == 422
    assert word in answer["error"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/webhooks/rest/webhook"), ("PUT", "/model"), ("GET", "/conversations/c1/tracker")]
)
def test_there_is_no_other_door(server, method, path):
    assert ask(server[0], method, path, {})[0] == 404


def test_it_listens_on_loopback_only(server):
    others = [address[4][0] for address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for address in {address for address in others if not address.startswith("127.")}:
        with pytest.raises(OSError):
            socket.create_connection((address, server[0]), 1)


def test_the_log_holds_no_words_of_the_customer(server):
    ask(server[0], "POST", "/turn", {**TURN, "text": "please crash zanzibar", "metadata": {"customer_id": 987654}})
    content = server[2].read_text()
    assert "zanzibar" not in content
    assert "987654" not in content


def test_neither_tensorflow_nor_much_memory_is_needed(server):
    status = Path(f"/proc/{server[1].pid}/status").read_text()
    resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    assert resident < 600
    assert "tensorflow" not in Path(f"/proc/{server[1].pid}/maps").read_text()


def test_a_port_in_use_is_one_clear_line(server, model_dir):
    done = run("bot.rasa.serve", "--port", str(server[0]), "--model", str(model_dir))
    assert done.returncode == 1
    assert "in use" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_tampered_model_is_not_loaded(model_dir, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(model_dir, copy)
    archive, _ = models.current(copy)
    archive.write_bytes(archive.read_bytes() + b"x")
    done = run("bot.rasa.serve", "--port", str(free_port()), "--model", str(copy))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "does not match" in done.stderr


@pytest.mark.parametrize(
    ("change", "words"), [({"SHOPKEEPER_INTERNAL_SECRET": "short"}, "SHOPKEEPER_INTERNAL_SECRET"), ({}, "No trained bot")]
)
def test_what_is_missing_is_said_in_one_line(tmp_path, change, words):
    done = run("bot.rasa.serve", "--model", str(tmp_path), **change)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert words in done.stderr


def test_training_again_is_skipped_when_nothing_changed(model_dir):
    done = run("bot.rasa.train", "--out", str(model_dir), "--project", str(HERE / "data"))
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


def test_mistakes_in_the_data_are_told_with_file_and_line(tmp_path, model_dir):
    shutil.copytree(HERE / "data", tmp_path / "project")
    before = models.current(model_dir)[1]["sha256"]
    extra = tmp_path / "project" / "nlu_data" / "extra.yml"
    extra.write_text("rules:\n- rule: x\n  steps:\n  - intent: gret\n  - action: utter_helo\n  - active_loop: no_form\n")
    done = run("bot.rasa.train", "--out", str(model_dir), "--project", str(tmp_path / "project"))
    assert done.returncode == 1
    for line, word in ((4, "intent gret"), (5, "action utter_helo"), (6, "form no_form")):
        assert f"extra.yml:{line}: {word} is not in the domain" in done.stderr
    assert "Traceback" not in done.stderr
    assert models.current(model_dir)[1]["sha256"] == before


def test_it_ends_at_once_when_told(server):
    server[1].send_signal(signal.SIGTERM)
    assert server[1].wait(10) == 0
