"""Letters to words: the candidates of the keyboard in the page, for kiosks have no input method."""

from __future__ import annotations

import asyncio

from aiohttp import web

from server import rates
from server.keys import CALLER, STORE
from server.pinyin.candidates import Candidate, candidates
from server.pinyin.lexicon import tree
from server.pinyin_views import Candidates, CandidateView, PinyinQuery


async def get_pinyin(request: web.Request, query: PinyinQuery) -> Candidates:
    """From memory alone; what was typed is kept nowhere."""
    caller = request[CALLER]
    await rates.count(request.app[STORE], (rates.KEYS_TYPED, f"{caller.role}:{caller.subject}"))
    found = await asyncio.to_thread(_found, query)
    shown = [CandidateView(each.text, each.used, each.kind) for each in found[: query.limit]]
    return Candidates(shown, len(found) - len(shown))


def _found(query: PinyinQuery) -> list[Candidate]:
    return candidates(tree(), query.q.lower(), about=query.about, fuzzy=query.fuzzy)
