"""Our four processes under supervisord: what is run, how it is watched, how it ends."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import httpx
import psutil

from cli.prepare import RASA_PYTHON, CannotPrepare, bot_models, rasa_environment
from shop.settings import PROJECT, Settings

HEALTHY_WITHIN = 120.0  # seconds, on a slow machine
STOPPED_WITHIN = 15.0


def ports_free(settings: Settings) -> None:
    """Raises when a port is taken, naming who holds it and how to choose another."""
    wanted = [("SHOPKEEPER_PORT", settings.host, settings.port), ("SHOPKEEPER_ACTIONS_PORT", "127.0.0.1", settings.actions_port)]
    wanted += [("SHOPKEEPER_RASA_PORT", "127.0.0.1", settings.rasa_port + k) for k in range(settings.rasa_processes)]
    for setting, host, port in wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                mend = f"Stop that program, or choose another port: {setting}={port + 100} make run"
                raise CannotPrepare(f"port {port} is in use{holder(port)}. {mend}") from None


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def holder(port: int) -> str:
    try:
        pids = {c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid}
        return "".join(f" by {psutil.Process(pid).name()} (process {pid})" for pid in pids)
    except psutil.Error:
        return ""


def programs(settings: Settings) -> dict[str, tuple[list[str], dict[str, str], int]]:
    """Name -> command, extra environment, niceness. The web process goes first at the processor: it acknowledges messages."""
    python = sys.executable
    frugal = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    ours = frugal | settings.as_environment() | {"HF_HUB_OFFLINE": "1"}
    rasa = frugal | {name: value for name, value in rasa_environment(settings).items() if os.environ.get(name) != value}
    web = [python, "-m", "uvicorn", "bot.gateway.app:create_app", "--factory", "--host", settings.host, "--port", str(settings.port)]
    found = {
        "web": ([*web, "--no-access-log", "--timeout-graceful-shutdown", "3"], ours, 0),
        "actions": ([python, "-m", "actions"], ours, 5),
        "worker": ([python, "-m", "worker"], ours, 10),
    }
    for k in range(settings.rasa_processes):
        port = str(settings.rasa_port + k)
        command = [str(RASA_PYTHON), "-m", "bot.rasa.serve", "--port", port, "--model", str(bot_models(settings))]
        command += ["--actions-url", settings.actions_url]
        found[f"rasa{k}" if settings.rasa_processes > 1 else "rasa"] = (command, rasa, 5)
    return found


def write_configuration(settings: Settings, without: Collection[str] = ()) -> Path:
    """supervisord's configuration: restart what falls, at once and for ever; keep bounded logs; leave no child behind."""
    logs, run = settings.var_dir / "logs", settings.var_dir / "run"
    for folder in (logs, run):
        folder.mkdir(parents=True, exist_ok=True)
    config = configparser.RawConfigParser()
    config["supervisord"] = {
        "nodaemon": "true",
        "silent": "true",
        "logfile": str(logs / "supervisor.log"),
        "logfile_maxbytes": "1MB",
        "logfile_backups": "1",
        "pidfile": str(run / "supervisord.pid"),
        "directory": str(PROJECT),
        "childlogdir": str(logs),
    }
    if os.getuid() == 0:
        config["supervisord"]["user"] = "root"
    for name, (command, environment, niceness) in programs(settings).items():
        if name in without:
            continue
        whole = ["nice", "-n", str(niceness), *command] if niceness else command
        config[f"program:{name}"] = {
            "command": " ".join(map(quoted, whole)),
            "environment": ",".join(f"{key}={quoted(value)}" for key, value in environment.items()),
            "directory": str(PROJECT),
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "1000",
            "stopsignal": "TERM",
            "stopwaitsecs": "8",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": str(logs / f"{name}.log"),
            "stdout_logfile_maxbytes": "5MB",
            "stdout_logfile_backups": "2",
        }
    path = run / "supervisord.conf"
    path.touch(mode=0o600)
    path.chmod(0o600)  # it carries the internal secret
    with path.open("w") as out:
        config.write(out)
    return path


def quoted(text: str) -> str:
    """As supervisord's parser (shlex, after %-expansion) reads it back."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def start(settings: Settings, without: Collection[str] = ()) -> subprocess.Popen:
    """The supervisor, in a session of its own: Ctrl-C reaches only the process that started it, which then ends the rest in order.
    Programs named in `without` are left to others."""
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(write_configuration(settings, without))]
    return subprocess.Popen(command, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(supervisor: subprocess.Popen) -> None:
    """Ends the supervisor and with it all processes; whatever is left after the time allowed is killed."""
    if supervisor.poll() is not None:
        return
    children = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.terminate()
    try:
        supervisor.wait(timeout=STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        supervisor.kill()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def wait_until_healthy(settings: Settings, supervisor: subprocess.Popen, without: Collection[str] = ()) -> None:
    waiting = {"web": f"http://{reachable(settings.host)}:{settings.port}/health", "actions": f"{settings.actions_url}/health"}
    waiting |= {f"rasa at {url}": f"{url}/health" for url in settings.rasa_urls}
    waiting = {name: url for name, url in waiting.items() if name not in without}
    deadline = time.monotonic() + HEALTHY_WITHIN
    while waiting or not ("worker" in without or worker_beats(settings)):
        waiting = {name: url for name, url in waiting.items() if not healthy(url)}
        if supervisor.poll() is not None:
            raise CannotPrepare(f"the supervisor could not start; see {settings.var_dir / 'logs/supervisor.log'}")
        if time.monotonic() > deadline:
            late = ", ".join(waiting) or "worker"
            mend = f"See the logs in {settings.var_dir / 'logs'}, or run: .venv/bin/shopkeeper doctor"
            raise CannotPrepare(f"not healthy after {HEALTHY_WITHIN:.0f} s: {late}. {mend}")
        time.sleep(0.2)


def healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def worker_beats(settings: Settings) -> bool:
    """The worker has no port; it writes a heartbeat file."""
    try:
        return psutil.pid_exists(json.loads((settings.var_dir / "worker.json").read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return False


def reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host
