"""零工登记: registration, changes and presence."""

from __future__ import annotations

from datetime import date

from aiohttp import web

from ingest.duplicates import person_marks
from ingest.identity import born_of
from ingest.skills import understood
from ingest.texts import profile_text
from matcher import homes
from matcher.errors import KuaizhaoError
from matcher.model import Person, Presence, Profile, Site, age_on
from matcher.settings import MarketSettings
from matcher.trades import certificates, hazards, trades
from matcher.waves import midnight_after
from server.api.people import person_of
from server.auditing import tell
from server.auth import check_in_hall, check_profile
from server.keys import CALLER, CONSENT, ENCODING, MARKET, STORE, VAULT, now_ms
from server.views import NewProfile, PresenceSet, ProfileChange, ProfileView, Suspension, Written, profile_view

YOUNGEST = 16
OLDEST = 100


async def post_profile(request: web.Request, new: NewProfile) -> Written:
    """Registers a worker, for them. The same again replays."""
    return await register(request, new.id or _id_of_person(request, new.person), new.profile, new.person)


async def register(request: web.Request, id_: str, profile: Profile, person: Person) -> Written:
    """Checks and stores a profile and its person. Raises `unknown_consent` where they have signed no text that there
    ever was, `known_twin` where the person has another id."""
    app, vault = request.app, request.app[VAULT]
    app[CONSENT].check_signed(person.consent)
    doc = await _checked(request, profile)
    _check_person(person, profile.born)
    vector = await app[ENCODING].encode(profile_text(doc), "profile")
    sealed, mark, marks = vault.seal(person), vault.mark(person), person_marks(person, vault)
    (elsewhere,) = await homes.claim(app[STORE], [marks])
    if elsewhere:
        raise KuaizhaoError("lives_elsewhere", elsewhere)
    done = await app[STORE].register(id_, doc, sealed, vector, app[ENCODING].model_id, mark, marks=marks)
    return Written(id=id_, v=done.v, replay=done.replay)


def _id_of_person(request: web.Request, person: Person) -> str:
    return request.app[VAULT].profile_id(f"person:{person.id_number or person.telephone}")


async def get_profile(request: web.Request, _: None) -> ProfileView:
    """One profile, without who it is."""
    id_ = request.match_info["profile"]
    check_profile(request[CALLER], id_)
    return profile_view(await request.app[STORE].profile(id_))


async def put_profile(request: web.Request, change: ProfileChange) -> Written:
    """A new document. What papers say (when somebody was born, certificates) only staff change."""
    app, id_ = request.app, request.match_info["profile"]
    check_profile(request[CALLER], id_)
    old = await app[STORE].profile(id_)
    await _review_papers(request, id_, old.doc, change)
    doc = await _checked(request, change.profile)
    vector = await app[ENCODING].encode(profile_text(doc), "profile")
    model = app[ENCODING].model_id
    done = await app[STORE].amend_profile(id_, doc, vector, model, change.expected_v or old.v)
    return Written(id=id_, v=done.v, replay=done.replay)


async def _review_papers(request: web.Request, id_: str, old: Profile, change: ProfileChange) -> None:
    """Staff have looked at a paper and say which, in the audit log; the ID number says best when somebody was born. A
    worker may only leave a certificate out. Raises `forbidden`, `bad_field`."""
    caller, new = request[CALLER], change.profile
    is_born_otherwise = new.born != old.born
    if caller.role == "worker":
        if is_born_otherwise:
            raise KuaizhaoError("forbidden", "born")
        if not set(new.certificates) <= set(old.certificates):
            raise KuaizhaoError("forbidden", "certificates")  # the site looks at the paper before it counts
        return
    changed = ["born"] * is_born_otherwise + ["certificates"] * (set(new.certificates) != set(old.certificates))
    if changed and not change.reason.strip():
        raise KuaizhaoError("bad_field", "reason 请写明看了什么证件")
    if is_born_otherwise and (await person_of(request, id_)).id_number:
        raise KuaizhaoError("bad_field", "born 出生日期以身份证号为准,不能改")
    for what in changed:
        await tell(request, f"review_{what}", id_, change.reason)


async def put_presence(request: web.Request, presence: Presence) -> PresenceSet:
    """Where the person is. Who is in the hall is said there."""
    store, caller, id_ = request.app[STORE], request[CALLER], request.match_info["profile"]
    check_profile(caller, id_)
    if presence.queue_no is not None and caller.role == "worker":
        raise KuaizhaoError("forbidden", "queue_no")  # a slip gives the number: it may be another's
    if presence.state == "in_hall" or presence.queue_no is not None:
        check_in_hall(caller)
    site = (await store.site((await store.profile(id_)).doc.site)).doc if presence.state == "in_hall" else None
    until_ms = presence_until(presence, site, await request.app[MARKET].settings(), now_ms())
    done = await store.presence(id_, presence, until_ms)
    return PresenceSet(id=id_, v=done.v, replay=done.replay, until_ms=until_ms)


async def suspend_profile(request: web.Request, suspension: Suspension) -> Written:
    """A clerk suspends a worker, with the reason the worker reads, or lifts it."""
    if suspension.until_ms is not None and not suspension.reason.strip():
        raise KuaizhaoError("bad_field", "reason 请写明原因,本人会看到")
    id_ = request.match_info["profile"]
    done = await request.app[STORE].suspend(id_, suspension.until_ms or 0, suspension.reason.strip())
    return Written(id=id_, v=done.v, replay=done.replay)


def presence_until(presence: Presence, site: Site | None, settings: MarketSettings, now: int) -> int:
    """When a presence ends by itself: as asked, else when the site closes, else at local midnight.

    Raises `bad_field` for a moment outside (now, midnight].
    """
    midnight = midnight_after(now, settings.zone_offset_ms)
    if presence.until_ms is not None:
        if not now < presence.until_ms <= midnight:
            raise KuaizhaoError("bad_field", "until_ms 应在现在与今天24点之间")
        return presence.until_ms
    if site is not None:
        hours, minutes = site.closes.split(":")
        closes = midnight + ((int(hours) - 24) * 60 + int(minutes)) * 60_000
        if closes > now:
            return closes
    return midnight


async def _checked(request: web.Request, doc: Profile) -> Profile:
    """The profile as it is stored: checked, with what its own words say."""
    for trade in doc.trades:
        if trade not in trades():
            raise KuaizhaoError("bad_trade", trade)
    for certificate in doc.certificates:
        if certificate.kind not in certificates():
            raise KuaizhaoError("bad_field", f"certificates 没有“{certificate.kind}”这种证书")
    for refused in doc.refused:
        if refused in doc.trades or (refused not in trades() and refused not in hazards()):
            raise KuaizhaoError("bad_field", f"refused 填不做的工种或危险作业,不能也在 trades 里:{refused}")
    age = age_on(doc.born, await request.app[MARKET].today(now_ms()))
    if age < YOUNGEST:
        raise KuaizhaoError("bad_field", "born 未满16周岁,不得招用或介绍就业")
    if age > OLDEST:
        raise KuaizhaoError("bad_field", f"born 年龄超过{OLDEST}岁,请核对")
    await request.app[MARKET].check_site(doc.site)
    return understood(doc)


def _check_person(person: Person, born: date) -> None:
    if not person.id_number:
        return
    stated = born_of(person.id_number)
    if stated is None:
        raise KuaizhaoError("bad_field", "person.id_number 身份证号不对,请核对")
    if stated != born:
        raise KuaizhaoError("bad_field", "born 与身份证号上的出生日期不一致")
