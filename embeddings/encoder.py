"""Text to unit vectors: one interface for postings, profiles and queries, over any sentence-transformers model.

The default model ships with the project (``embeddings/model``), needs no network, and is read by ``Table``; for every
other model ``Encoder.load`` imports PyTorch and sentence-transformers.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from embeddings.table import Table, is_table

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Kind = Literal["posting", "profile", "query"]
KINDS: tuple[Kind, ...] = ("posting", "profile", "query")
Vectors = NDArray[np.float32]
Run = Callable[[list[str], str], Vectors]
"""One call into a model: texts and the prompt before each; vectors, not yet normalised."""

SHIPPED_MODEL = Path(__file__).resolve().parent / "model"
MAX_CHARS = 4_000
"""A text is cut here before it is encoded: a gig posting has 20 to 400 characters."""
TABLE_AT_ONCE_CHARS = 400
"""A table of words takes 40 to 150 us for texts up to here, as long as it takes to hand them to a thread and back."""


@dataclass(frozen=True)
class EncoderSettings:
    """Which model encodes, and how. A change of any field but the last three changes ``Encoder.model_id``."""

    model: str = str(SHIPPED_MODEL)
    """A folder, or a hub id such as ``BAAI/bge-small-zh-v1.5``; a folder never touches the network."""
    dimension: int | None = None
    """Keep only the first so many numbers (Matryoshka models: 256, 128 or 64 for ours); None keeps all."""
    prompts: Mapping[Kind, str] = field(default_factory=dict)
    """Put before the text, by kind; e.g. ``{"query": "query: ", "posting": "query: ", "profile": "passage: "}``."""
    cache_texts: int = 20_000
    """Vectors of the last texts are kept: 1 kB each at 256 numbers. 0 keeps none."""
    threads: int = 1
    """Threads PyTorch may use; the shipped model uses none of it."""
    batch_size: int = 512
    """Texts a call into the model; transformers want 16 to 64."""


class Encoder:
    """A loaded model. ``encode`` may be called from several threads; calls run one after the other."""

    model_id: str
    """Name, dimension and content hash, e.g. ``kuaizhao-static-256-1f0c...``: equal ids give equal vectors."""
    dimension: int
    """Numbers a vector."""

    def __init__(self, run: Run, settings: EncoderSettings, content: str, at_once_chars: int = 0) -> None:
        """``content``: a digest of the weights."""
        self.at_once_chars = at_once_chars
        """Texts up to so long need no thread of their own: a table of words reads them in microseconds."""
        self._run = run
        self._settings = settings
        self._lock = Lock()
        self._cache: OrderedDict[tuple[Kind, str], Vectors] = OrderedDict()
        self.dimension = self._encode_new([""], "query").shape[1]
        self.model_id = _model_id(settings, self.dimension, content)

    @classmethod
    def load(cls, settings: EncoderSettings | None = None) -> Encoder:
        """Load the model of the settings (default: the shipped one) onto the CPU.

        Raises FileNotFoundError when the model is neither a folder nor a hub id that is cached or reachable.
        """
        settings = settings or EncoderSettings()
        folder = Path(settings.model)
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if folder.is_dir() and is_table(folder):
            run = _run_of_table(Table(folder), settings.dimension)
            return cls(run, settings, _folder_digest(folder), TABLE_AT_ONCE_CHARS)
        model = _sentence_transformer(settings)
        content = _folder_digest(folder) if folder.is_dir() else _weights_digest(model)
        return cls(_run_of(model), settings, content)

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Unit vectors, float32 (n, dimension), in the order of ``texts``.

        A text without a word the model knows gets its guard vector (see ``guard_vector``), never zeros.
        Raises ValueError for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        cut = [_readable(text[:MAX_CHARS]) for text in texts]
        with self._lock:
            found = {text: self._remembered(kind, text) for text in cut}
            new = [text for text, vector in found.items() if vector is None]
            for text, vector in zip(new, self._encode_new(new, kind), strict=True):
                found[text] = self._remember(kind, text, vector)
        vectors = np.empty((len(cut), self.dimension), np.float32)
        for row, text in enumerate(cut):
            vectors[row] = found[text]
        return vectors

    def _encode_new(self, texts: list[str], kind: Kind) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        prompt = self._settings.prompts.get(kind, "")
        size = self._settings.batch_size
        parts = [texts[at : at + size] for at in range(0, len(texts), size)]
        vectors: Vectors = np.concatenate([self._run(part, prompt) for part in parts])
        norms = np.linalg.norm(vectors, axis=1)
        known = np.isfinite(norms) & (norms > 1e-9)
        vectors[known] /= norms[known, None]
        for row in np.flatnonzero(~known):
            vectors[row] = guard_vector(texts[row], vectors.shape[1])
        return vectors

    def _remembered(self, kind: Kind, text: str) -> Vectors | None:
        vector = self._cache.get((kind, text))
        if vector is not None:
            self._cache.move_to_end((kind, text))
        return vector

    def _remember(self, kind: Kind, text: str, vector: Vectors) -> Vectors:
        if self._settings.cache_texts:
            # A copy: a row of the batch would keep the whole batch in memory.
            self._cache[kind, text] = vector.copy()
            if len(self._cache) > self._settings.cache_texts:
                self._cache.popitem(last=False)
        return vector


def _run_of_table(table: Table, dimension: int | None) -> Run:
    return lambda texts, prompt: table.sums([prompt + text for text in texts])[:, :dimension]


def _run_of(model: SentenceTransformer) -> Run:
    return lambda texts, prompt: model.encode(texts, prompt=prompt, show_progress_bar=False).astype(np.float32)


def _sentence_transformer(settings: EncoderSettings) -> SentenceTransformer:
    offline = Path(settings.model).is_dir()
    if offline:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(settings.threads)
    try:
        return SentenceTransformer(
            settings.model, device="cpu", truncate_dim=settings.dimension, local_files_only=offline
        )
    except OSError as error:
        raise FileNotFoundError(f"no sentence-transformers model at {settings.model!r}: {error}") from error


def _readable(text: str) -> str:
    """The text, lone surrogates (half an emoji, cut by some form) replaced: tokenizers refuse them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def guard_vector(text: str, dimension: int) -> Vectors:
    """A unit vector for a text without known words: drawn from the text's hash, so it is always the same.

    Such a vector is near a right angle to every other: 苦力 or 保洁 do not come up for "😀😀" or "12345", and two
    different unreadable texts do not look alike, as they would with one vector for all.
    """
    seed = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    guard: Vectors = vector / np.linalg.norm(vector)
    return guard


def _model_id(settings: EncoderSettings, dimension: int, content: str) -> str:
    """Prompts belong to the id: the same weights with other prompts give other vectors."""
    prompts = repr(sorted((kind, prompt) for kind, prompt in settings.prompts.items() if prompt))
    digest = hashlib.sha256((content + prompts).encode()).hexdigest()[:12]
    shipped = Path(settings.model).resolve() == SHIPPED_MODEL
    name = "kuaizhao-static" if shipped else Path(settings.model).name
    return f"{name}-{dimension}-{digest}"


def _folder_digest(folder: Path) -> str:
    """sha256 over the files of a model folder, texts about it left out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md" and not path.name.startswith("."):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _weights_digest(model: SentenceTransformer) -> str:
    """sha256 over the weights of a model that came from a hub."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode() + b"\0")
        digest.update(weight.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
