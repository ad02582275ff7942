"""The token that every form and script of a session carries: that it was one of our pages that asked.

Signed by itsdangerous, as Flask-WTF does, rather than by WTForms' own SessionCSRF: the token belongs to the session and not to one form, so
that scripts send it in a header and the gate asks for it before a form is read; it is compared in constant time, and its age counts in UTC.
"""

from __future__ import annotations

import hashlib

from itsdangerous import BadSignature, TimestampSigner

from shop.staff import SESSION_LASTS


def token_of(secret: str, session_id: int) -> str:
    return _signer(secret).sign(str(session_id)).decode()


def is_token(given: str, secret: str, session_id: int) -> bool:
    """Whether it was made for this session, and no longer ago than a session lasts."""
    try:
        return _signer(secret).unsign(given, max_age=SESSION_LASTS.total_seconds()) == str(session_id).encode()
    except BadSignature:  # SignatureExpired is one
        return False


def _signer(secret: str) -> TimestampSigner:
    return TimestampSigner(secret, salt="console form", digest_method=hashlib.sha256)
