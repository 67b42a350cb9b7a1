"""Ids that callers give, and ids made for them."""

from __future__ import annotations

import re
import secrets
from typing import Final

from aiohttp import web
from msgspec import Struct

from matcher.errors import KuaizhaoError
from matcher.records import digest
from server.keys import CALLER

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_TERMS: Final = re.compile(r"[1-9][0-9]{0,8}")


class OfferId(Struct, frozen=True):
    """`POSTING:PROFILE:TERMS`: an offer counts for the terms under which it was made."""

    posting: str
    profile: str
    terms: int


class AssignmentId(Struct, frozen=True):
    """`POSTING:PROFILE`."""

    posting: str
    profile: str


def checked(id_: str) -> str:
    """The id. Raises `bad_id`."""
    if ID.fullmatch(id_) is None:
        raise KuaizhaoError("bad_id", id_[:64])
    return id_


def offer_id(request: web.Request) -> OfferId:
    """The path's offer. Raises `bad_id`."""
    return parsed_offer(request.match_info["offer"])


def parsed_offer(id_: str) -> OfferId:
    """The offer that this id is of. Raises `bad_id`."""
    parts = id_.split(":")
    if len(parts) != 3 or _TERMS.fullmatch(parts[2]) is None:
        raise KuaizhaoError("bad_id", "offer")
    return OfferId(checked(parts[0]), checked(parts[1]), int(parts[2]))


def assignment_id(request: web.Request) -> AssignmentId:
    """The path's assignment. Raises `bad_id`."""
    parts = request.match_info["assignment"].split(":")
    if len(parts) != 2:
        raise KuaizhaoError("bad_id", "assignment")
    return AssignmentId(checked(parts[0]), checked(parts[1]))


def given_or_new(request: web.Request, given: str | None, prefix: str) -> str:
    """The caller's id; else one that follows from their Idempotency-Key; else a random one.

    Keys of different callers never meet. Raises `bad_id` for a key that is empty, too long or not plain ASCII.
    """
    if given is not None:
        return given
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return f"{prefix}-{secrets.token_hex(8)}"
    if KEY.fullmatch(key) is None:
        raise KuaizhaoError("bad_id", "Idempotency-Key")
    caller = request[CALLER]
    return f"{prefix}-{digest(caller.role, caller.subject, caller.site, key)[:24]}"
