"""What the `kuaizhao` command does with texts: encode them, recognise trades in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from embeddings.encoder import SHIPPED_MODEL, Encoder, EncoderSettings, Kind
from embeddings.recogniser import Recogniser
from matcher.settings import Settings

LINES_AT_ONCE = 512


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


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = (line.rstrip("\r\n") for line in lines)
    while batch := list(islice(rest, LINES_AT_ONCE)):
        yield batch


def embed(settings: Settings, lines: TextIO, kind: Kind, out: Path) -> int:
    """One text a line in; a .npy of shape (lines, dimension), float32 unit rows, out. An empty line is a text too."""
    encoder = configured_encoder(settings)
    rows = [encoder.encode(batch, kind) for batch in _batches(lines)]
    vectors = np.concatenate(rows) if rows else np.zeros((0, encoder.dimension), dtype=np.float32)
    with out.open("wb") as file:  # np.save would add a suffix to a bare name
        np.save(file, vectors)
    return 0


def recognise(settings: Settings, lines: TextIO, out: TextIO) -> int:
    """One text a line in; one JSON line each out: trades with confidence and words, occupation codes best first."""
    recogniser = Recogniser(configured_encoder(settings))
    for batch in _batches(lines):
        for found in recogniser.recognise_many(batch):
            out.write(json.dumps(found.as_dict(), ensure_ascii=False) + "\n")
    return 0
