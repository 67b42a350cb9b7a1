"""同意书: what people consent to before anything of them is kept. A text has a version; a new one is asked for anew.

Who consents now consents to the text in force. A paper, or a site's list, may name a version that was in force when it
was signed: it covers what it covered, and its person is asked anew when they come.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

from matcher.errors import KuaizhaoError

Version = Annotated[str, Meta(min_length=1, max_length=40)]


class ConsentText(Struct, frozen=True, forbid_unknown_fields=True):
    """The text in force, its version, and the `earlier` versions that papers may be of."""

    version: Version
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]
    earlier: tuple[Version, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every version that somebody may have signed, that in force first."""
        return (self.version, *self.earlier)

    def check_given(self, version: str) -> None:
        """Somebody consents now. Raises `new_consent` for any other text than the one in force."""
        if version != self.version:
            raise KuaizhaoError("new_consent")

    def check_signed(self, version: str) -> None:
        """Somebody has signed it. Raises `unknown_consent` for a version that never was."""
        if version not in self.known:
            raise KuaizhaoError("unknown_consent", "、".join(self.known))


class BadConsent(ValueError):
    """A file that has no version or no text; the sentence is for the operator."""


def read(path: str = "") -> ConsentText:
    """The text of a file, or the shipped one. Raises BadConsent, OSError."""
    file = Path(path) if path else resources.files("ingest").joinpath("consent.toml")
    try:
        return convert(tomllib.loads(file.read_text("utf-8")), ConsentText)
    except (ValidationError, tomllib.TOMLDecodeError) as exc:
        raise BadConsent(f"KUAIZHAO_CONSENT_FILE={path}: {exc}") from exc
