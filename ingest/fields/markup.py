"""Text out of a cell that holds a piece of a web page (pure)."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"</(?:p|div|li|tr|h\d)\s*>|<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_LINES = re.compile(r"\s*\n\s*")


def unmarked(text: str) -> str:
    """The text without tags and character references; a text without either is given back as it is."""
    if "<" in text and ">" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    elif "&" not in text:
        return text
    return _LINES.sub("\n", html.unescape(text)).strip()
