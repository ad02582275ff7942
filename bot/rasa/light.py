"""Rasa without TensorFlow and other packages it imports and this bot never uses.

Rasa 3.6 imports TensorFlow (11 s, 500 MB) for three names of training callbacks, and plotting, other stores and messaging platforms (2 s)
for components that a bot of rules, forms, memoization and our own components does not have. `install` puts empty packages in their
place; to use anything in them is an error that says so. Call it before the first import of `rasa`.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
import warnings

LEFT_OUT = frozenset(
    (
        *("tensorflow", "keras", "sklearn", "matplotlib"),
        *("boto3", "botocore", "pymongo", "questionary", "prompt_toolkit"),
        *("aiogram", "twilio", "slack_sdk", "fbmessenger"),
    )
)


class _Absent(type):
    """A class that may be named and inherited from, and nothing else."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(name, (), {})

    def __call__(cls, *args: object, **kwargs: object) -> object:
        raise RuntimeError(f"{cls.__name__} belongs to a package that this process leaves out (bot/rasa/light.py)")


class _AbsentModule(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] in LEFT_OUT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def install() -> None:
    """Leave those packages out of this process, and switch Rasa's telemetry off."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ["LOG_LEVEL"] = "ERROR"  # Rasa's switch for progress bars too
    # Rasa switches some warnings on again by itself; what it and its pins have to say is known and cannot be acted on.
    warnings.showwarning = lambda *_, **__: None
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
