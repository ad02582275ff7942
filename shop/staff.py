"""Colleagues: their accounts, passwords, second factors and sessions."""

from __future__ import annotations

import functools
import secrets
from datetime import datetime, timedelta

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from shop.addresses import checked_email
from shop.errors import ShopError
from shop.identity import token_hash
from shop.models import Staff, StaffSession, now
from shop.text import clean

ROLES = ("agent", "supervisor", "marketer", "developer", "admin")
TAKE_CHATS = ("agent", "supervisor", "admin")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200  # characters; length is what makes a password strong (NIST SP 800-63B, 5.1.1)
SESSION_LASTS = timedelta(hours=14)  # a working day
IDLE_FOR = timedelta(hours=4)
SEEN_EVERY = timedelta(minutes=1)
CODE_WITHIN = timedelta(minutes=5)  # of the password

hasher = PasswordHasher()  # argon2id with RFC 9106's second recommendation


def by_email(session: Session, email: str) -> Staff | None:
    return session.scalars(select(Staff).where(Staff.email == email.strip().lower())).one_or_none()


def everyone(session: Session, active_only: bool = False) -> list[Staff]:
    query = select(Staff).order_by(Staff.name, Staff.id)
    return list(session.scalars(query.where(Staff.active) if active_only else query))


def who_take_chats(session: Session) -> list[Staff]:
    """The active colleagues to whom a chat can be given."""
    return [one for one in everyone(session, active_only=True) if one.role in TAKE_CHATS]


def add(session: Session, email: str, name: str, role: str, password_hash: str, team: str = "") -> Staff:
    """Raises ShopError: bad_email, bad_name, bad_role, email_taken."""
    email, name = checked_email(email), clean(name, 120)
    if not name:
        raise ShopError("bad_name")
    _check_role(role)
    if by_email(session, email) is not None:
        raise ShopError("email_taken", email=email)
    new = Staff(email=email, name=name, role=role, team=clean(team, 60), password_hash=password_hash)
    session.add(new)
    session.flush()
    return new


def hash_password(password: str) -> str:
    """The argon2id hash: a fifth of a second of processor time. Raises ShopError: short_password, long_password."""
    if len(password) < SHORTEST_PASSWORD:
        raise ShopError("short_password", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise ShopError("long_password", most=LONGEST_PASSWORD)
    return hasher.hash(password)


def password_is(stored_hash: str, password: str) -> bool:
    try:
        return len(password) <= LONGEST_PASSWORD and hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def authenticate(session: Session, email: str, password: str) -> Staff | None:
    """The colleague, when email and password are right and the account is active. Takes as long for an email nobody has."""
    found = by_email(session, email)
    right = password_is(found.password_hash if found else _nobodys_hash(), password)
    return found if found is not None and right and found.active else None


@functools.cache
def _nobodys_hash() -> str:
    return hasher.hash(secrets.token_urlsafe(16))


def set_role(session: Session, staff_id: int, role: str) -> None:
    """Raises ShopError: bad_role, last_admin."""
    _check_role(role)
    person = session.get_one(Staff, staff_id)
    if person.role == "admin" and role != "admin":
        _another_admin(session, staff_id)
    person.role = role


def set_active(session: Session, staff_id: int, active: bool) -> None:
    """Someone who leaves is signed out everywhere at once. Raises ShopError `last_admin`."""
    person = session.get_one(Staff, staff_id)
    if person.role == "admin" and not active:
        _another_admin(session, staff_id)
    person.active = active
    if not active:
        sign_out_everywhere(session, staff_id)


def set_password_hash(session: Session, staff_id: int, password_hash: str, keep_session: int | None = None) -> None:
    """Signs out every other browser."""
    session.get_one(Staff, staff_id).password_hash = password_hash
    sign_out_everywhere(session, staff_id, keep_session)


def set_totp(session: Session, staff_id: int, secret: str) -> None:
    """Demands codes of that secret from now on; an empty one ends it."""
    person = session.get_one(Staff, staff_id)
    person.totp_secret, person.totp_last = secret, 0


def use_code(session: Session, staff_id: int, code: str, at: datetime | None = None) -> bool:
    """Whether the code is right now (30 s early or late is allowed) and was not used before."""
    person = session.get_one(Staff, staff_id)
    step = code_step(person.totp_secret, code, at or now())
    if step is None:
        return False
    newer = update(Staff).where(Staff.id == staff_id, Staff.totp_last < step).values(totp_last=step)
    return bool(session.execute(newer, execution_options={"synchronize_session": False}).rowcount)


def code_step(secret: str, code: str, at: datetime) -> int | None:
    """The time step that the code belongs to, among the present one and its two neighbours."""
    totp = pyotp.TOTP(secret)
    current = totp.timecode(at)
    given = code.replace(" ", "")
    return next((step for step in (current, current - 1, current + 1) if secrets.compare_digest(totp.generate_otp(step), given)), None)


def open_session(session: Session, staff_id: int, browser: str, confirmed: bool, at: datetime | None = None) -> str:
    """A new session's token, for its cookie. One that is not confirmed waits for the second factor and lives for minutes."""
    at = at or now()
    token = secrets.token_urlsafe(32)
    lasts = SESSION_LASTS if confirmed else CODE_WITHIN
    row = StaffSession(
        token_hash=token_hash(token), staff_id=staff_id, csrf=secrets.token_urlsafe(32), confirmed=confirmed,
        browser=clean(browser, 200), created_at=at, last_seen_at=at, expires_at=at + lasts,
    )  # fmt: skip
    session.add(row)
    session.execute(delete(StaffSession).where(StaffSession.expires_at < at))
    session.flush()
    return token


def session_of(session: Session, token: str, confirmed: bool = True, at: datetime | None = None) -> tuple[StaffSession, Staff] | None:
    """The live session with that token and its active colleague."""
    at = at or now()
    query = (
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.token_hash == token_hash(token), StaffSession.confirmed == confirmed, Staff.active)
        .where(StaffSession.expires_at > at, StaffSession.last_seen_at > at - IDLE_FOR)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def seen(session: Session, session_id: int, at: datetime | None = None) -> None:
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(last_seen_at=at or now()))


def sessions_of(session: Session, staff_id: int) -> list[StaffSession]:
    query = select(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.confirmed, StaffSession.expires_at > now())
    return list(session.scalars(query.order_by(StaffSession.last_seen_at.desc())))


def sign_out(session: Session, session_id: int) -> None:
    session.execute(delete(StaffSession).where(StaffSession.id == session_id))


def sign_out_everywhere(session: Session, staff_id: int, but: int | None = None) -> None:
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.id != (but or 0)))


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ShopError("bad_role", role=role, roles=list(ROLES))


def _another_admin(session: Session, staff_id: int) -> None:
    others = select(func.count()).select_from(Staff).where(Staff.role == "admin", Staff.active, Staff.id != staff_id)
    if not session.scalar(others):
        raise ShopError("last_admin")
