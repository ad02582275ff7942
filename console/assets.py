"""The console's scripts, styles and drawings, under an address that changes with them: a browser asks for each once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

FOLDER = Path(__file__).parent / "static"


class Assets(StaticFiles):
    """Files that never change at their address."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def version() -> str:
    """A short hash of what is in the folder."""
    found = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:12]
