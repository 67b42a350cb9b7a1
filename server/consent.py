"""同意书: what people consent to before anything of them is kept. A text has a version; a new one is asked for anew."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert


class ConsentText(Struct, frozen=True, forbid_unknown_fields=True):
    """The text in force, and its version."""

    version: Annotated[str, Meta(min_length=1, max_length=40)]
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]


def read(path: str = "") -> ConsentText:
    """The text of a file, or the shipped one. Raises ValueError where the file has no version or no text."""
    file = Path(path) if path else resources.files("server").joinpath("consent.toml")
    try:
        return convert(tomllib.loads(file.read_text("utf-8")), ConsentText)
    except (ValidationError, tomllib.TOMLDecodeError) as exc:
        raise ValueError(f"KUAIZHAO_CONSENT_FILE={path}: {exc}") from exc
