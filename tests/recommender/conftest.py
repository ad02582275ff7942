from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from recommender.encoder import Encoder, directory
from recommender.export import export


@pytest.fixture(scope="session")
def encoder_folder(request) -> Path:
    """The real encoder, exported once and kept between runs (exporting takes half a minute)."""
    var = Path(request.config.cache.mkdir("shopkeeper-encoder"))
    settings = SimpleNamespace(var_dir=var, encoder="all-MiniLM-L6-v2")
    export(settings)
    return directory(settings)


@pytest.fixture(scope="session")
def encoder(encoder_folder) -> Encoder:
    return Encoder(encoder_folder)
