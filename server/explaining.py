"""`kuaizhao explain`: a posting's story, and how one worker stands with it, as text or JSON."""

from __future__ import annotations

import asyncio
from typing import TextIO

import msgspec

from matcher import questions
from matcher.explain import Explanation, explained, lines, own_words
from matcher.questions import Why, WhyAnswer
from matcher.settings import Settings
from matcher.store import opened


class Story(msgspec.Struct, kw_only=True):
    """What is printed: the posting's explanation and, where a worker was named, what is told about them."""

    explanation: Explanation
    worker: WhyAnswer | None = None
    words: str = ""


def explain(settings: Settings, posting: str, profile: str, out: TextIO, *, as_json: bool) -> int:
    """Prints the story; 1 where an award does not follow from what was published."""
    story, zone_offset_ms = asyncio.run(_story(settings, posting, profile))
    if as_json:
        print(msgspec.json.encode(story).decode(), file=out)
    else:
        for line in lines(story.explanation, zone_offset_ms):
            print(line, file=out)
        if story.words:
            print(f"{profile}: {story.words}", file=out)
    return 1 if story.explanation.faults else 0


async def _story(settings: Settings, posting: str, profile: str) -> tuple[Story, int]:
    async with opened(settings.store_url, settings.market) as store:
        entries = await store.entries(posting)
        story = Story(explanation=explained(await store.posting(posting), entries))
        if profile:
            story.worker = await questions.ask(store, Why(posting, profile, untold=True), WhyAnswer)
            story.words = own_words(entries.get(profile), story.worker)
        return story, (await store.market_settings()).zone_offset_ms
