"""Short lists for the few rows that have any: what the columns have no room for (pure).

All lists lie in one array of links; a row's column holds the number of its first link, 0 where it has none. Links given
back are used again. Compiled code follows `next` until 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FIRST_CAPACITY: Final = 64


class Chains:
    """Lists of items of one kind; `fields` says what an item is. Not for two writers."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self.links: NDArray[Any] = np.zeros(FIRST_CAPACITY, dtype=np.dtype([*fields, ("next", "u4")], align=True))
        """Link 0 is nobody's; its `next` is the first one given back."""
        self._used = 1

    def put(self, first: int, items: Sequence[tuple[Any, ...]]) -> int:
        """Replaces the list that begins at `first` (0: none yet); answers with where the new one begins."""
        self._give_back(first)
        first = 0
        for item in reversed(items):
            taken = self._take()
            self.links[taken] = (*item, first)
            first = taken
        return first

    def items(self, first: int) -> list[tuple[Any, ...]]:
        """The list that begins at `first`."""
        found = []
        while first:
            *item, first = self.links[first].item()
            found.append(tuple(item))
        return found

    def flat(self, firsts: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """All items of many lists: position in `firsts`, and the link with the item."""
        links, at = self.links, np.flatnonzero(firsts)
        where, found, now = [at[:0]], [links[:0]], firsts[at]
        while len(now):
            where.append(at)
            found.append(links[now])
            now = links["next"][now]
            at, now = at[now != 0], now[now != 0]
        return np.concatenate(where), np.concatenate(found)

    def restore(self, links: NDArray[Any]) -> None:
        """Takes over what `held` gave. Raises ValueError where the type differs."""
        if links.dtype != self.links.dtype or not len(links):
            raise ValueError("links do not fit")
        self.links, self._used = np.array(links), len(links)

    @property
    def held(self) -> NDArray[Any]:
        """The links in use, and those given back."""
        return self.links[: self._used]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.links.nbytes

    def _take(self) -> int:
        given_back = int(self.links["next"][0])
        if given_back:
            self.links["next"][0] = self.links["next"][given_back]
            return given_back
        if self._used == len(self.links):
            spare = np.zeros(max(FIRST_CAPACITY, len(self.links) // 8), dtype=self.links.dtype)
            self.links = np.concatenate([self.links, spare])
        self._used += 1
        return self._used - 1

    def _give_back(self, first: int) -> None:
        following = self.links["next"]
        while first:
            after = int(following[first])
            following[first], following[0] = following[0], first
            first = after
