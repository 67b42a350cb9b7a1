"""Codes for checking in, as the API takes and shows them."""

from __future__ import annotations

from msgspec import Struct

from server.doors.views import Code
from server.qr import QrCode


class Pass(Struct, kw_only=True):
    """A code that says who has arrived, or (a posting's) where. `link` is what the QR code says: it opens the page of
    who reads it. Checking in is possible from `from_ms` on."""

    posting: str
    code: str
    from_ms: int
    link: str
    qr: QrCode


class CheckIn(Struct, forbid_unknown_fields=True):
    """The six digits: a worker enters those of the place, an employer or a kiosk those of the worker."""

    code: Code
