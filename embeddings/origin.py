"""What the shipped model was made of: digests that its card names and a test holds, so that neither changes unseen."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import SHIPPED_MODEL

ROOT = Path(__file__).resolve().parent.parent
MADE = ("model.safetensors", "tokenizer.json")
TAUGHT = (
    "matcher/trades.toml",
    "embeddings/lexicon/phrases.tsv",
    "embeddings/lexicon/words.txt",
    "embeddings/lexicon/world.txt",
    "embeddings/lexicon/chatter.toml",
    "embeddings/lexicon/occupations.tsv",
    "embeddings/lexicon/classification.tsv",
)
"""All that training reads of this repository; the teacher's vectors come from registry packages of fixed versions."""


def digests(model: Path = SHIPPED_MODEL) -> dict[str, str]:
    """The first 16 digits of the sha256 of the model's files and of what models are taught from."""
    files = {name: model / name for name in MADE} | {name: ROOT / name for name in TAUGHT}
    return {name: _digest(path.read_bytes()) for name, path in files.items()}


def teacher_digest(vectors: NDArray[np.float32]) -> str:
    """The same of the teacher's vectors of all words; another kind of processor may round them otherwise."""
    return _digest(vectors.astype(np.float16).tobytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
