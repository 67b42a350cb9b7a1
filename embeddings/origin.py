"""What the shipped model was made of: digests that its card names and a test holds, so that neither changes unseen."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
"""All that training reads of this repository; the rest comes from registry packages of fixed versions."""


def digests(model: Path = SHIPPED_MODEL) -> dict[str, str]:
    """The first 16 digits of the sha256 of the model's files and of what models are taught from."""
    files = {name: model / name for name in MADE} | {name: ROOT / name for name in TAUGHT}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in files.items()}
