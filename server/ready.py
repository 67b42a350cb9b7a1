"""Asks a web server of ours whether it can work."""

from __future__ import annotations

import http.client

from matcher.settings import Settings


def is_ready(settings: Settings, timeout_s: float = 2.0) -> bool:
    """Whether /readyz answers 200 now."""
    line = http.client.HTTPConnection(settings.host, settings.port, timeout=timeout_s)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
