"""What the `kuaizhao` command does with texts: encode them, recognise trades in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from embeddings.encoder import SHIPPED_MODEL, Encoder, EncoderSettings, Kind
from embeddings.recogniser import Recogniser, Recognition
from matcher.settings import Settings

LINES_AT_ONCE = 256
THREADS = 2
"""Recognise side by side: while one compares vectors, which leaves Python's lock free, the other reads texts."""


def encoder_settings(settings: Settings) -> EncoderSettings:
    """Which model the settings ask for, and how it encodes: the shipped one, or `model_path`."""
    return EncoderSettings(
        model=settings.model_path or str(SHIPPED_MODEL),
        dimension=settings.model_dimension or None,
        prompts={
            "posting": settings.model_prompt_posting,
            "profile": settings.model_prompt_profile,
            "query": settings.model_prompt_query,
        },
    )


def configured_encoder(settings: Settings) -> Encoder:
    """The encoder of the settings, loaded."""
    return Encoder.load(encoder_settings(settings))


def _batches(lines: Iterable[bytes]) -> Iterator[list[str]]:
    """The lines as texts; what is not UTF-8 in them becomes U+FFFD."""
    rest = (line.rstrip(b"\r\n").decode("utf-8", "replace") for line in lines)
    while batch := list(islice(rest, LINES_AT_ONCE)):
        yield batch


def embed(settings: Settings, lines: BinaryIO, kind: Kind, out: Path) -> int:
    """One text a line in; a .npy of shape (lines, dimension), float32 unit rows, out. An empty line is a text too."""
    encoder = configured_encoder(settings)
    rows = [encoder.encode(batch, kind) for batch in _batches(lines)]
    vectors = np.concatenate(rows) if rows else np.zeros((0, encoder.dimension), dtype=np.float32)
    with out.open("wb") as file:  # np.save would add a suffix to a bare name
        np.save(file, vectors)
    return 0


def recognise(settings: Settings, lines: BinaryIO, out: BinaryIO) -> int:
    """One text a line in; one JSON line each out: trades with confidence and words, occupation codes best first."""
    recogniser = Recogniser(configured_encoder(settings))
    for found in recognised(recogniser, _batches(lines)):
        out.write(msgspec.json.Encoder().encode_lines([each.as_dict() for each in found]))
    return 0


def recognised(recogniser: Recogniser, batches: Iterable[list[str]]) -> Iterator[list[Recognition]]:
    """What is recognised in each batch, in their order; few batches are read ahead."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[Future[list[Recognition]]] = deque()
        for batch in batches:
            ahead.append(pool.submit(recogniser.recognise_many, batch))
            if len(ahead) > THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
