"""Every setting of Shopkeeper, in one place. `.env.example` documents them; every one has a working default."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shop import hours

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Built once a process and passed in. Read from the environment, then from `.env`."""

    # Set to nothing is not set: `SHOPKEEPER_VAR_DIR=` must not put secrets and orders into the folder one stands in.
    model_config = SettingsConfigDict(env_prefix="SHOPKEEPER_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

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
    further_scorers: str = ""
    rerank_diversity: float = Field(0.0, ge=0, le=1)
    rerank_freshness: float = Field(0.0, ge=0, le=1)
    rerank_margin: float = Field(0.0, ge=0, le=1)
    rerank_stock: float = Field(0.0, ge=0, le=1)
    explore_positions: int = Field(0, ge=0, le=5)

    # People: when they answer, and when they come in unasked (0 or [] switches a rule off)
    desk_hours: str = ""
    timezone: str = "Europe/London"
    takeover_fallbacks: int = Field(2, ge=0)
    takeover_sentiment: float = Field(-0.85, ge=-1, le=0)
    takeover_vip_minor: int = Field(100_000, ge=0)
    takeover_words: list[str] = ["solicitor", "lawyer", "ombudsman", "trading standards", "allergic reaction", "got hurt", "injured"]
    survey_question: str = "How satisfied are you with the help you got?"
    survey_scale: int = Field(5, ge=2, le=10)

    # Secrets; left empty, each is made once and kept under `var/secrets/` (readable by its owner only)
    internal_secret: SecretStr = SecretStr("")
    shop_token_secret: SecretStr = SecretStr("")

    @field_validator("desk_hours")
    @classmethod
    def _hours(cls, text: str) -> str:
        hours.parse(text)
        return text

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"there is no time zone {name!r}; one is Europe/London")
        return name

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
