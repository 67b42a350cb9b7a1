"""What the doors take and answer with."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from matcher.model import EpochMs, Id, Profile, Role

Telephone = Annotated[str, Meta(pattern=r"^1\d{10}$")]
Code = Annotated[str, Meta(pattern=r"^\d{6}$")]
Door = Literal["worker", "employer"]


class CodeAsked(Struct, kw_only=True, forbid_unknown_fields=True):
    """A one-time code is wanted on this telephone, to log in as a worker or for an employer."""

    telephone: Telephone
    door: Door = "worker"


class CodeSent(Struct, kw_only=True):
    """The same for every telephone, registered or not."""

    lasts_s: int
    again_s: int


class TelephoneLogin(Struct, kw_only=True, forbid_unknown_fields=True):
    """Telephone and code; `subject` says which profile or employer, where the telephone is several people's;
    `newcomer` that somebody else wants to register with it. Where no worker has the telephone, the session is a
    newcomer's, who may register. `cookie` gives the token to the browser in a cookie that scripts cannot read, and not
    in the answer."""

    telephone: Telephone
    code: Code
    door: Door = "worker"
    subject: Id | None = None
    newcomer: bool = False
    cookie: bool = False


class Registration(Struct, kw_only=True, forbid_unknown_fields=True):
    """Who registers, on the telephone that was proved; `consent` is the version of `GET /v1/consent`. The day of birth
    is the ID number's. Certificates are added at the site, which looks at the paper. At a kiosk the site is its own."""

    telephone: Telephone
    name: Annotated[str, Meta(min_length=1, max_length=50)]
    id_number: Annotated[str, Meta(pattern=r"^\d{17}[\dX]$")]
    consent: Annotated[str, Meta(min_length=1, max_length=40)]
    profile: Profile
    cookie: bool = False


class StaffLogin(Struct, kw_only=True, forbid_unknown_fields=True):
    """Name, password, and the six digits of the authenticator."""

    name: Id
    password: Annotated[str, Meta(min_length=1, max_length=200)]
    code: Code
    cookie: bool = False


class AuthenticatorWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why somebody needs a new authenticator; it is in the audit log."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Enrolment(Struct, kw_only=True):
    """What a new authenticator takes (`otpauth://`, as a QR code or typed), shown once; its first code must come before
    `until_ms`."""

    name: str
    address: str
    until_ms: EpochMs


class TicketLogin(Struct, kw_only=True, forbid_unknown_fields=True):
    """Queue number and the PIN printed beside it."""

    queue_no: Annotated[int, Meta(ge=1, le=99_999)]
    pin: Code
    cookie: bool = False


class CardLogin(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a card reader read from an ID card."""

    id_number: Annotated[str, Meta(pattern=r"^\d{17}[\dX]$")]
    cookie: bool = False


class LoggedIn(Struct, kw_only=True):
    """A session. `token` is empty when it is in the cookie; with the cookie, `X-CSRF-Token` must carry `csrf`."""

    token: str
    csrf: str
    role: Role
    subject: str
    site: str
    idle_s: int
    expires_ms: EpochMs


class SessionView(Struct, kw_only=True):
    """Who asks, and the CSRF token of a session in a cookie."""

    csrf: str
    role: Role
    subject: str
    site: str
    scopes: list[str]
    expires_ms: EpochMs
    card_reader: bool = False


class Rotation(Struct, forbid_unknown_fields=True):
    """`cookie`: the new token goes into the browser's cookie, though the old one came in a header. So a kiosk's token
    is entered once and no script can read it from then on."""

    cookie: bool = False


class Ending(Struct, forbid_unknown_fields=True):
    """Which log-ins end: this one, or (`everywhere`) all of this person."""

    everywhere: bool = False


class Ended(Struct):
    """How many log-ins have ended."""

    sessions: int


class TicketWanted(Struct, forbid_unknown_fields=True):
    """A queue number is wanted; nothing to say."""


class Ticket(Struct, kw_only=True):
    """What the slip shows: the number that is called, and the PIN that nobody else knows."""

    profile: str
    site: str
    queue_no: int
    pin: str
    until_ms: EpochMs


class NewKiosk(Struct, kw_only=True, forbid_unknown_fields=True):
    """A kiosk of a site; `card_reader` when what it sends as an ID number was read from a card."""

    id: Id
    site: Id
    card_reader: bool = False


class KioskToken(Struct, kw_only=True):
    """The kiosk's token, shown once; an earlier one has ended."""

    id: str
    site: str
    token: str


class Login(Struct, kw_only=True, forbid_unknown_fields=True):
    """A telephone that may (or may no more) log in for an employer."""

    telephone: Telephone
    allowed: bool = True


class LoginSet(Struct, kw_only=True):
    """Whether the telephone may log in for the employer now."""

    employer: str
    allowed: bool
