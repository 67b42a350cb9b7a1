"""Accounts of clerks and managers: a password (argon2id) and a time-based code (TOTP, RFC 6238)."""

from __future__ import annotations

import os
from secrets import token_hex
from typing import Final, Literal

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec import Struct

from ingest.persons import Box
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.model import DAY_MS
from matcher.store import Store
from server.passwords import hashed
from server.sessions import Still

StaffRole = Literal["clerk", "manager"]

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
"""A code of the step before or after counts too: telephones' clocks are not exact."""
LEAST_PASSWORD: Final = 12
SECRET_BYTES: Final = 20
STAMP_BYTES: Final = 8
PENDING_MS: Final = DAY_MS
"""Within so long a new authenticator must show its first code."""


class Account(Struct, frozen=True):
    """One account as stored; secrets are sealed. A new authenticator's is `pending` until its first right code."""

    name: str
    role: StaffRole
    password: str
    secret: bytes
    pending: bytes
    pending_until_ms: int
    stamp: str
    """Another one after each change, but for a `pending` that counts from now on."""

    def secrets(self, now_ms: int) -> list[bytes]:
        """Those by which a code may be right now: at most one."""
        if self.secret:
            return [self.secret]
        return [self.pending] if now_ms < self.pending_until_ms else []


def totp(secret: bytes) -> TOTP:
    """Six digits, SHA-1, 30 s: what every authenticator understands."""
    return TOTP(secret, 6, SHA1(), STEP_S, enforce_key_length=False)  # noqa: S303 - RFC 6238 and HMAC


def code_at(secret: bytes, at_s: float) -> str:
    """The code of an instant."""
    return totp(secret).generate(int(at_s)).decode()


def enrolment(secret: bytes, name: str) -> str:
    """The `otpauth://` address that an authenticator takes, typed or as a QR code."""
    return totp(secret).get_provisioning_uri(name, "Kuaizhao")


def step_of(secret: bytes, code: str, now_s: float) -> int | None:
    """The step whose code it is, or None for a wrong one."""
    for step in range(int(now_s // STEP_S) - DRIFT_STEPS, int(now_s // STEP_S) + DRIFT_STEPS + 1):
        try:
            totp(secret).verify(code.encode(), step * STEP_S)
        except InvalidToken:
            continue
        return step
    return None


async def add(store: Store, seal: Box, name: str, role: StaffRole, password: str) -> bytes:
    """A new account, or a new password and authenticator for one there is, whose sessions then end. Answers with the
    secret, which counts from its first right code on. Raises `bad_field` for a password that is too short."""
    if len(password) < LEAST_PASSWORD:
        raise KuaizhaoError("bad_field", f"password 至少 {LEAST_PASSWORD} 个字符")
    return await _renew(store, seal, name, "begin", role=role, password=hashed(password))


async def new_authenticator(store: Store, seal: Box, name: str) -> bytes:
    """The secret of a new authenticator; the old one and all sessions end. It must be used within `PENDING_MS`, with
    the password, or somebody has to give another. Raises `no_account`."""
    return await _renew(store, seal, name, "change")


async def _renew(store: Store, seal: Box, name: str, what: Literal["begin", "change"], **fields: str) -> bytes:
    secret = os.urandom(SECRET_BYTES)
    changed: dict[str, str | bytes | int] = {
        **fields,
        "stamp": token_hex(STAMP_BYTES),
        "pending": seal.close(secret, f"totp {name}"),
        "pending_until_ms": await store.now_ms() + PENDING_MS,
        "secret": b"",
    }
    await store.call("change_account", name, what, *(part for item in changed.items() for part in item))
    return secret


async def confirm(store: Store, account: Account) -> None:
    """The pending authenticator has shown a right code: it counts from now on. Raises `bad_login` where the account has
    changed since it was found."""
    await store.call("confirm_account", account.name, account.stamp)


def unchanged(store: Store, account: Account) -> tuple[Still, ...]:
    """That the account is there and as it was found: what a session for it rests on."""
    key = store.key("staff", account.name)
    return Still("HGET", key, "password", account.password), Still("HGET", key, "stamp", account.stamp)


async def remove(store: Store, name: str) -> bool:
    """Ends an account and its sessions; False when there is none."""
    return bool((await store.call("change_account", name, "end")).done)


async def find(store: Store, name: str) -> Account | None:
    """The account, or None."""
    (raw,) = await store.hashes("staff", [name])
    if not raw:
        return None
    role: StaffRole = "manager" if raw[b"role"] == b"manager" else "clerk"
    return Account(
        name,
        role,
        raw[b"password"].decode(),
        raw.get(b"secret", b""),
        raw.get(b"pending", b""),
        int(raw.get(b"pending_until_ms", 0)),
        raw.get(b"stamp", b"").decode(),
    )


async def use_step(store: Store, name: str, step: int) -> bool:
    """Whether the step's code had not been used."""
    async with guarded():
        key = store.key("totp_used", f"{name}:{step}")
        return bool(await store.commands.set(key, 1, nx=True, ex=STEP_S * (2 * DRIFT_STEPS + 2)))
