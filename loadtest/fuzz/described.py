"""schemathesis over /openapi.json, in a process of its own: what the description allows, and what it does not.

`python -m loadtest.fuzz.described URL STORE_URL MARKET PART PARTS EXAMPLES` asks every PARTS-th operation EXAMPLES
times with valid and as often with invalid values, and prints what came back as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from random import Random
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from loadtest.attack.target import FIRM, SITE
from matcher.store import opened
from server import sessions

ANSWERS_WITHIN_S: Final = 20.0
REAL: Final = {"site": SITE, "profile": "victim-302", "posting": "attack-job", "employer": FIRM, "crew": "c1"}
REAL_OFTEN: Final = 0.5
SUBJECTS: Final = {"worker": "victim-302", "employer": FIRM}
ENDS_SESSIONS: Final = ("/v1/session/end", "/v1/session/rotate")


class Asking:
    """Asks one operation after the other, with a token of a role that may."""

    def __init__(self, url: str, store_url: str, market: str) -> None:
        self.url, self.store_url, self.market = url, store_url, market
        self.line = requests.Session()
        self.asked, self.hangs = 0, 0
        self.statuses: Counter[int] = Counter()
        self.status_500: list[str] = []
        self.undocumented: Counter[str] = Counter()
        self._draw = Random(1)  # noqa: S311 - which ids

    def token(self, role: str) -> str:
        """A new session of a role."""

        async def issue() -> str:
            async with opened(self.store_url, self.market) as store:
                site = SITE if role == "kiosk" else ""
                return await sessions.issue(store, role, SUBJECTS.get(role, f"fuzz-{role}"), site)  # type: ignore[arg-type]

        return asyncio.run(issue())

    def operation(self, operation: Any, examples: int) -> None:
        """Asks one operation so often in each mode; one without anything to vary has no invalid values."""
        roles = operation.definition.raw.get("x-roles") or [""]
        token = self.token(roles[self._draw.randrange(len(roles))]) if roles[0] else ""
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=examples,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                ends = operation.path in ENDS_SESSIONS and roles[0]
                self._ask(case, self.token(roles[0]) if ends else token)

            try:
                ask()
            except Unsatisfiable:
                continue

    def _ask(self, case: Any, token: str) -> None:
        for name in case.path_parameters or {}:
            if name in REAL and self._draw.random() < REAL_OFTEN:
                case.path_parameters[name] = REAL[name]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        what = f"{case.method} {case.operation.path}"
        self.asked += 1
        try:
            answer = case.call(base_url=self.url, session=self.line, headers=headers, timeout=ANSWERS_WITHIN_S)
        except requests.Timeout:
            self.hangs += 1
            return
        except requests.RequestException:
            self.statuses[0] += 1
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code == 500:
            self.status_500.append(f"{what} {case.path_parameters} {case.query} {str(case.body)[:400]}")
        if str(answer.status_code) not in case.operation.definition.raw["responses"]:
            self.undocumented[f"{what} {answer.status_code}"] += 1


def operations_of(url: str) -> list[Any]:
    """Every operation that the service describes."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def main(url: str, store_url: str, market: str, part: int, parts: int, examples: int) -> None:
    """Prints the result of one part."""
    asking = Asking(url, store_url, market)
    for operation in operations_of(url)[part::parts]:
        asking.operation(operation, examples)
    result = {
        "requests": asking.asked,
        "hangs": asking.hangs,
        "status_500": asking.status_500,
        "statuses": asking.statuses,
        "undocumented": asking.undocumented,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    _, *where = sys.argv
    main(where[0], where[1], where[2], *map(int, where[3:6]))
