"""The demo shop's administrator: made with the shop, with a password nobody else has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from shop import audit, staff
from shop.models import Staff
from shop.settings import Settings, kept_secret
from shop.store import Store

EMAIL, NAME = "admin@demo.example", "Robin Hale"


def password_file(settings: Settings) -> Path:
    """Where the random password is kept, readable by its owner only."""
    return settings.var_dir / "secrets" / "demo_admin_password"


def add_demo_admin(settings: Settings, store: Store) -> bool:
    """Makes the administrator where nobody can sign in yet; False when somebody can."""
    with store.read() as session:
        if session.scalar(select(func.count()).select_from(Staff)):
            return False
    password_hash = staff.hash_password(kept_secret(password_file(settings)))
    with store.write() as session:
        new = staff.add(session, EMAIL, NAME, "admin", password_hash, team="service")
        audit.record(session, None, "staff.add", "staff", new.id, role="admin")
    return True


def demo_password(settings: Settings, store: Store) -> str | None:
    """The demo administrator's password, as long as it is the one that was made for them."""
    kept = password_file(settings)
    if not kept.exists():
        return None
    password = kept.read_text()
    with store.read() as session:
        return password if staff.authenticate(session, EMAIL, password) is not None else None
