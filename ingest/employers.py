"""用工方 in the store: what everybody may see as a document, whom to call (a name and a telephone) sealed beside it."""

from __future__ import annotations

from typing import Final, NamedTuple

from ingest.persons import Vault
from matcher import codec
from matcher.connection import guarded
from matcher.errors import KuaizhaoError
from matcher.records import EmployerRecord, employer_record
from matcher.store import Store

CONTACTS: Final = "contacts"
"""What the box of contacts is for; each opens only for its own employer."""
AT_ONCE: Final = 500
_SEALED: Final = "contacts_sealed"


class Contact(NamedTuple):
    """Sealed, and the mark by which equal ones are known."""

    sealed: bytes
    mark: str


def sealed_contact(vault: Vault, id_: str, contact: str) -> Contact:
    """Whom to call at an employer's, as `Store.put_employer` takes it; nothing where nobody is named."""
    if not contact:
        return Contact(b"", "")
    return Contact(vault.box(CONTACTS).close(contact.encode(), id_), vault.keyed_hash(f"contact {id_} {contact}"))


def contact_of(vault: Vault, record: EmployerRecord) -> str:
    """Whom to call at an employer's, "" where nobody is named. Raises SealError."""
    return vault.box(CONTACTS).open(record.contact, record.id).decode() if record.contact else ""


async def seal_contacts(store: Store, vault: Vault) -> int:
    """Seals the contacts that older versions wrote into the documents, once in the life of a market, and asks for a
    rewrite of the store's file, which still has them. Answers with how many there were."""
    async with guarded():
        if await store.commands.exists(store.key(_SEALED)):
            return 0
    sealed, ids = 0, await store.ids("employer")
    for some in (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE)):
        for id_, raw in zip(some, await store.hashes("employer", some), strict=True):
            contact = codec.unpack(raw[b"doc"]).get("contact")
            if contact is not None and await _sealed(store, vault, employer_record(id_, raw), contact):
                sealed += 1
    async with guarded():
        if sealed:
            await store.commands.incr(store.key("erased"))
        await store.commands.set(store.key(_SEALED), 1)
    return sealed


async def _sealed(store: Store, vault: Vault, record: EmployerRecord, contact: str) -> bool:
    try:
        await store.put_employer(record.id, record.doc, record.v, *sealed_contact(vault, record.id, contact))
    except KuaizhaoError as exc:
        if exc.code != "stale_version":  # somebody has just written it, and sealed it
            raise
        return False
    return True
