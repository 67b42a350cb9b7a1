"""From teacher vectors to a model folder: centring, PCA, word weights, int8, files.

The order is the study's: centred, unit length, PCA, each row weighted by smooth inverse frequency (SIF, Arora et al.
2017, https://openreview.net/forum?id=SyK00v5xx), so that 招 and 的 count little beside 腻子.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Matrix = NDArray[np.float32]

DIMENSION = 256
SIF = 3e-4
MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.base.modules.normalize.Normalize",
    },
]
CONFIG = {
    "model_type": "SentenceTransformer",
    "__version__": {"sentence_transformers": "6.2.0"},
    "prompts": {"query": "", "document": ""},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}


def unit(rows: Matrix) -> Matrix:
    """Rows of length one; a zero row stays zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = rows / np.maximum(norms, 1e-12)
    return scaled.astype(np.float32, copy=False)


def principal_axes(rows: Matrix, dimension: int) -> Matrix:
    """The ``dimension`` directions of most variance, (columns, dimension), of centred rows."""
    values, axes = np.linalg.eigh(rows.astype(np.float64).T @ rows.astype(np.float64))
    order = np.argsort(values)[::-1][:dimension]
    picked: Matrix = axes[:, order].astype(np.float32)
    return picked


def word_vectors(teacher: Matrix, dimension: int = DIMENSION) -> Matrix:
    """Teacher vectors centred, at unit length, and turned to ``dimension`` principal axes: (n, dimension) unit rows."""
    centred = unit(teacher - teacher.mean(axis=0))
    return unit(centred @ principal_axes(centred, dimension))


def sif_weights(probabilities: NDArray[np.float32], a: float = SIF) -> NDArray[np.float32]:
    """a / (a + p) for each word's share p of the corpus."""
    weights: NDArray[np.float32] = (a / (a + probabilities)).astype(np.float32)
    return weights


def quantised(rows: Matrix) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows as int8 and the factor of each row: row = int8 x factor, off by at most half a step in 127."""
    factors = np.abs(rows).max(axis=1) / 127
    safe = np.where(factors > 0, factors, 1)
    return np.round(rows / safe[:, None]).astype(np.int8), factors.astype(np.float32)


def save_model(folder: Path, tokenizer: Tokenizer, rows: Matrix, row_of_token: NDArray[np.int64]) -> None:
    """Write a folder that ``SentenceTransformer(folder)`` loads.

    Token i has row ``row_of_token[i]``: a traditional spelling shares the row of its simplified one. Rows are kept as
    int8 with a float32 factor a token, in the layout that sentence-transformers 6.2 reads from model2vec.
    """
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    codes, factors = quantised(rows)
    tensors = {
        "embeddings": torch.from_numpy(codes),
        "mapping": torch.from_numpy(row_of_token.astype(np.int32)),
        "weights": torch.from_numpy(factors[row_of_token]),
    }
    save_file(tensors, folder / "model.safetensors")
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "modules.json", MODULES)
    _write_json(folder / "config_sentence_transformers.json", CONFIG)
    (folder / "1_Normalize").mkdir(exist_ok=True)
    _write_json(folder / "1_Normalize" / "config.json", {})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
