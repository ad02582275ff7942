"""What keeps the shop from starting is said in one line, with a way out."""

from __future__ import annotations

import os
import shutil
import socket
from collections import namedtuple

import pytest

from cli import prepare
from cli.prepare import CannotPrepare
from cli.supervise import ports_free


def test_a_port_in_use_names_its_holder_and_another_port(settings):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(
            CannotPrepare, match=rf"port {port} is in use by \S+ \(process {os.getpid()}\)\. .* SHOPKEEPER_PORT={port + 100} "
        ):
            ports_free(settings.model_copy(update={"port": port}))


def test_free_ports_are_taken(settings):
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    web, rasa, actions = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    ports_free(settings.model_copy(update={"port": web, "rasa_port": rasa, "actions_port": actions, "rasa_processes": 1}))


def test_a_full_disk_is_said_before_anything_is_prepared(settings, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, int(0.02e9)))
    with pytest.raises(CannotPrepare, match=r"the disk is full: 0\.02 GB are free under .* SHOPKEEPER_VAR_DIR"):
        prepare.enough_disk(settings)
