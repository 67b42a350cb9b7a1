"""The store's function library: one Lua file per atomic operation, loaded as one."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from matcher import records

NAME: Final = "kuaizhao"

ORDER: Final = (
    "shared",
    "audit_log",
    "marks",
    "series",
    "moves",
    "crews",
    "settle",
    "suspend",
    "ties",
    "penalties",
    "register",
    "amend_profile",
    "presence",
    "call_number",
    "put",
    "configure",
    "post",
    "post_series",
    "review",
    "amend",
    "reencode",
    "rewrap",
    "offer",
    "accept",
    "decline",
    "ring",
    "withdraw_acceptance",
    "reconfirm",
    "finish",
    "close",
    "withdraw",
    "expire",
    "withdraw_series",
    "assignment",
    "confirm",
    "reconsent",
    "release",
    "check_in",
    "no_show",
    "done",
    "complete",
    "paid",
    "forget_posting",
    "sweep",
    "open_session",
    "rotate_session",
    "end_sessions",
    "accounts",
    "form_crew",
    "invite",
    "join_crew",
    "leave_crew",
    "hold",
    "block",
    "favour",
    "appeal",
    "pause",
    "rows",
    "intake",
    "kept",
    "complain",
    "withdraw_consent",
    "give_consent",
    "erase",
)
"""Files after the clock, in the order in which they build on each other."""


@cache
def source(clock: str | None = None) -> str:
    """The whole library. `clock` replaces clock.lua: tests move time with it, nothing else can."""
    folder = resources.files("matcher.functions")
    parts = [f"#!lua name={NAME}", clock or folder.joinpath("clock.lua").read_text("utf-8")]
    parts.append(f"local COUNTS = {{ {', '.join(map(repr, records.COUNTS))} }}")
    parts += [folder.joinpath(f"{name}.lua").read_text("utf-8") for name in ORDER]
    return "\n".join(parts)
