"""The demo shop's colleagues, one of each role and a second agent: made with the shop, each with a password nobody else has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from shop import audit, staff
from shop.models import Staff
from shop.settings import Settings, kept_secret
from shop.store import Store

EMAIL = "admin@demo.example"
COLLEAGUES = {  # email -> name, role, team
    EMAIL: ("Robin Hale", "admin", "service"),
    "grace@demo.example": ("Grace Holt", "agent", "service"),
    "tom@demo.example": ("Tom Penrose", "agent", "returns"),
    "supervisor@demo.example": ("Ines Marlow", "supervisor", "service"),
    "marketer@demo.example": ("Kofi Adair", "marketer", ""),
    "developer@demo.example": ("Lin Garrick", "developer", ""),
}


def password_file(settings: Settings, email: str = EMAIL) -> Path:
    """Where the random password is kept, readable by its owner only."""
    return settings.var_dir / "secrets" / f"demo_{email.split('@')[0]}_password"


def add_demo_colleagues(settings: Settings, store: Store) -> bool:
    """Makes them where nobody can sign in yet; False when somebody can."""
    with store.read() as session:
        if session.scalar(select(func.count()).select_from(Staff)):
            return False
    hashes = {email: staff.hash_password(kept_secret(password_file(settings, email))) for email in COLLEAGUES}
    with store.write() as session:
        for email, (name, role, team) in COLLEAGUES.items():
            new = staff.add(session, email, name, role, hashes[email], team)
            audit.record(session, None, "staff.add", "staff", new.id, role=role)
    return True


def demo_password(settings: Settings, store: Store, email: str = EMAIL) -> str | None:
    """A demo colleague's password, as long as it is the one that was made for them."""
    kept = password_file(settings, email)
    if not kept.exists():
        return None
    password = kept.read_text()
    with store.read() as session:
        return password if staff.authenticate(session, email, password) is not None else None
