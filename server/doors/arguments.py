"""The arguments of `kuaizhao staff`, `kiosk` and `key`."""

from __future__ import annotations

from typing import Any, Final

SCOPES: Final = (
    "sites", "heat", "trades", "recognise", "understand", "pinyin",
    "profiles", "employers", "postings", "series", "ingest",
)  # fmt: skip
"""What a key may be allowed: the nouns of the API that integrations use."""


def add_master_key_parser(sub: Any) -> None:
    """Adds `kuaizhao master-key` to the command line's."""
    do = sub.add_parser("master-key", help="versions of the master key: status, rotate, remove").add_subparsers(
        dest="what", required=True
    )
    do.add_parser("status", help="versions there are, and how much is sealed under each")
    do.add_parser("rotate", help="a new version, and everything wrapped by it while the service goes on")
    do.add_parser("rewrap", help="wrap everything by the newest version there is")
    do.add_parser("remove", help="take out a version that nothing uses").add_argument("version", type=int)


def add_parsers(sub: Any) -> None:
    """Adds the subcommands to the command line's."""
    people = sub.add_parser("staff", help="accounts of clerks and managers: add, list, remove")
    do = people.add_subparsers(dest="what", required=True)
    add = do.add_parser("add", help="a new account; for an existing one a new password and authenticator")
    add.add_argument("name")
    add.add_argument("--role", required=True, choices=["clerk", "manager"])
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    do.add_parser("authenticator", help="a new authenticator where the old one is lost").add_argument("name")
    do.add_parser("remove", help="end an account and its sessions").add_argument("name")
    do.add_parser("list", help="name and role of every account")

    devices = sub.add_parser("kiosk", help="kiosks bound to a site: add, list, remove").add_subparsers(
        dest="what", required=True
    )
    add = devices.add_parser("add", help="a kiosk and its token; for an existing one a new token, the old one ends")
    add.add_argument("name")
    add.add_argument("--site", required=True)
    add.add_argument("--card-reader", action="store_true", help="its ID numbers come from a card reader")
    devices.add_parser("remove", help="end a kiosk and its token").add_argument("name")
    devices.add_parser("list", help="name and site of every kiosk")

    keys = sub.add_parser("key", help="keys of integrations: add, remove").add_subparsers(dest="what", required=True)
    add = keys.add_parser("add", help="a key for a year; one that is not used for 90 days ends")
    add.add_argument("name")
    add.add_argument("--scope", action="append", required=True, choices=SCOPES, help="may be given several times")
    keys.add_parser("remove", help="end every key of this name").add_argument("name")
