"""Every setting of Shopkeeper, in one place. `.env.example` documents them; every one has a working default."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Built once a process and passed in. Read from the environment, then from `.env`."""

    model_config = SettingsConfigDict(env_prefix="SHOPKEEPER_", env_file=".env", extra="ignore", frozen=True)

    # Where things lie
    var_dir: Path = PROJECT / "var"
    database_url: str = Field("", validation_alias=AliasChoices("DATABASE_URL", "SHOPKEEPER_DATABASE_URL"))

    # The shop
    shop_name: str = "Harbour & Hearth"
    currency: str = Field("GBP", pattern="^[A-Z]{3}$")
    locale: str = "en_GB"
    demo: bool = True
    policies_file: Path | None = None

    # Addresses. Only `port` is ever reached by a browser; the others listen on loopback.
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    rasa_port: int = Field(8005, ge=0, le=65535)
    rasa_processes: int = Field(1, ge=1, le=32)
    actions_port: int = Field(8055, ge=0, le=65535)

    # The browser's door
    allowed_origins: list[str] = []
    cookie_secure: bool = False
    cookie_samesite: str = Field("lax", pattern="^(lax|strict|none)$")
    session_days: int = Field(180, ge=1)
    message_max_chars: int = Field(2000, ge=1)
    messages_per_minute: int = Field(30, ge=1)

    # How long a customer may wait, in seconds
    action_timeout: float = Field(3.0, gt=0, le=5)
    rasa_timeout: float = Field(4.0, gt=0, le=5)

    # Understanding and recommending
    encoder: str = "all-MiniLM-L6-v2"
    recommendations_shown: int = Field(5, ge=1, le=10)
    interest_half_life_days: float = Field(30.0, gt=0)
    retrain_after_interactions: int = Field(2000, ge=0)
    vector_index: str = Field("auto", pattern="^(auto|exact|approximate|pgvector)$")
    vector_index_from: int = Field(20_000, ge=1)
    rerank_diversity: float = Field(0.0, ge=0, le=1)
    rerank_freshness: float = Field(0.0, ge=0, le=1)
    rerank_margin: float = Field(0.0, ge=0, le=1)
    rerank_stock: float = Field(0.0, ge=0, le=1)
    explore_positions: int = Field(0, ge=0, le=5)

    # Secrets; left empty, each is made once and kept under `var/secrets/` (readable by its owner only)
    internal_secret: SecretStr = SecretStr("")
    shop_token_secret: SecretStr = SecretStr("")

    @cached_property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.var_dir / 'shop.db'}"

    @property
    def rasa_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{self.rasa_port + k}" for k in range(self.rasa_processes)]

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.actions_port}"

    @property
    def models_dir(self) -> Path:
        return self.var_dir / "models"

    def as_environment(self) -> dict[str, str]:
        """What a process must find in its environment to build these settings: all that were not left at their defaults."""
        given = self.model_dump(mode="json", include=self.model_fields_set - {"internal_secret", "shop_token_secret"})
        environment = {f"SHOPKEEPER_{name.upper()}": v if isinstance(v, str) else json.dumps(v) for name, v in given.items()}
        if "database_url" in given:
            environment["DATABASE_URL"] = environment.pop("SHOPKEEPER_DATABASE_URL")
        return environment

    def secret(self, name: str) -> str:
        """The secret of that field name, made and stored on first use."""
        given = getattr(self, name).get_secret_value()
        return given or kept_secret(self.var_dir / "secrets" / name)


def kept_secret(path: Path) -> str:
    """The text of the file, which is created with 256 random bits, for its owner only, when it does not exist.

    Written aside and linked into place: of several processes that start at once one wins, and none reads half a secret.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, aside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w") as new:
            new.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        Path(aside).unlink()
    return path.read_text()
