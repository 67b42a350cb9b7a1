"""The gateway that sends short messages: one HTTP call, whatever the provider behind it."""

from __future__ import annotations

from typing import Final, Protocol

import aiohttp

SEND_WITHIN_S: Final = 5.0
LONGEST_TEXT: Final = 70


class NotSent(Exception):
    """The gateway did not take the message; `again` says whether it may be tried again."""

    def __init__(self, why: str, *, again: bool) -> None:
        self.again = again
        super().__init__(why)


class Gateway(Protocol):
    """What the outbox needs of one."""

    async def send(self, id_: str, telephone: str, text: str) -> None:
        """Hands over a message; the same id again is the same message. Raises NotSent."""

    async def close(self) -> None:
        """Ends its connections."""


class HttpGateway:
    """`POST URL {"id", "to", "text"}` with a bearer key; 2xx is a receipt, 4xx is final, the rest is tried again."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session: aiohttp.ClientSession | None = None

    async def send(self, id_: str, telephone: str, text: str) -> None:
        """Raises NotSent."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SEND_WITHIN_S))
        body = {"id": id_, "to": telephone, "text": text}
        try:
            async with self._session.post(self._url, json=body, headers=self._headers, allow_redirects=False) as answer:
                if answer.status >= 300:
                    raise NotSent(
                        f"status {answer.status}", again=not 400 <= answer.status < 500 or answer.status == 429
                    )
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise NotSent(type(exc).__name__, again=True) from exc

    async def close(self) -> None:
        """Ends its connections."""
        if self._session is not None:
            await self._session.close()
