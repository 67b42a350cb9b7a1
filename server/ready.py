"""Asks a web server of ours whether everything works."""

from __future__ import annotations

import http.client
import json

from matcher.settings import Settings
from server.tls import own_context


def is_ready(settings: Settings, timeout_s: float = 2.0) -> bool:
    """Whether /readyz answers 200 and knows of a matcher: one that has loaded and compiled what it needs."""
    line: http.client.HTTPConnection
    if context := own_context(settings):
        line = http.client.HTTPSConnection(settings.host, settings.port, timeout=timeout_s, context=context)
    else:
        line = http.client.HTTPConnection(settings.host, settings.port, timeout=timeout_s)
    try:
        line.request("GET", "/readyz")
        answer = line.getresponse()
        return answer.status == 200 and bool(json.load(answer)["matcher"])
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        line.close()
