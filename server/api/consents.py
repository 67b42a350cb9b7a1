"""同意: what people consent to, whether they have, and what follows when they take it back."""

from __future__ import annotations

from aiohttp import web
from msgspec import structs

from ingest.consent import ConsentText
from matcher.model import DAY_MS
from server.api.people import own_with_reason, person_of
from server.auth import check_profile
from server.keys import CALLER, CONSENT, MARKET, STORE, VAULT
from server.people_views import ConsentGiven, ConsentView, Why


async def get_consent(request: web.Request, _: None) -> ConsentText:
    """The text in force."""
    return request.app[CONSENT]


async def get_consent_of(request: web.Request, _: None) -> ConsentView:
    """What this person has consented to; a page that finds `asked` asks them."""
    id_ = request.match_info["profile"]
    check_profile(request[CALLER], id_)
    return await _view(request, id_)


async def give_consent(request: web.Request, given: ConsentGiven) -> ConsentView:
    """Consents to the text in force, for the first time, to a new one, or again after a withdrawal."""
    id_, vault = own_with_reason(request, given.reason), request.app[VAULT]
    request.app[CONSENT].check_given(given.version)
    person = structs.replace(await person_of(request, id_), consent=given.version)
    await request.app[STORE].give_consent(id_, vault.seal(person), vault.mark(person))
    return await _view(request, id_)


async def withdraw_consent(request: web.Request, why: Why) -> ConsentView:
    """Takes the consent back: nothing is offered any more. `DELETE /v1/profiles/{profile}` erases at once."""
    id_ = own_with_reason(request, why.reason)
    await request.app[STORE].withdraw_consent(id_)
    return await _view(request, id_)


async def _view(request: web.Request, id_: str) -> ConsentView:
    withdrawn_ms = (await request.app[STORE].profile(id_)).withdrawn_ms
    given, text = (await person_of(request, id_)).consent, request.app[CONSENT]
    kept_ms = (await request.app[MARKET].settings()).withdrawn_kept_days * DAY_MS
    return ConsentView(
        profile=id_,
        given=given,
        version=text.version,
        text=text.text,
        asked=bool(withdrawn_ms) or given != text.version,
        withdrawn_ms=withdrawn_ms or None,
        erased_ms=withdrawn_ms + kept_ms if withdrawn_ms else None,
    )
