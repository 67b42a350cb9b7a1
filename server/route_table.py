"""docs/routes.md: every route and every role, from the one table. `python -m server.route_table > docs/routes.md`."""

from __future__ import annotations

from typing import Final, get_args

from matcher.model import Role
from server.auth import STAFF
from server.route import Route
from server.routes import ROUTES

ROLES: Final[tuple[Role, ...]] = get_args(Role)
HEAD: Final = """# Every route and every role

From `server/routes.py` (`python -m server.route_table > docs/routes.md`); a test walks it with a session of every role,
with none, and with expired, revoked, tampered and foreign ones, in the header and in the cookie, with and without the
CSRF token, and with keys that lack one scope.

- **yes**: the role may. **own**: only what is theirs: a worker's own profile, offers, seats and crew; an employer's own
  record and postings; a kiosk's own site. What is not theirs is answered 403 `forbidden`, or as the last column says.
- **-**: 403 `forbidden`. **open**: needs no session. Without one every other line is 401 `no_token`, with one that has
  ended or is none of ours 401 `bad_token`.
- Open besides, and saying nothing about anybody: the pages and what they are made of, under `/assets/`
  (`server/assets.py`), and `GET /openapi.json`.
- An integration's key must have the scope too. A worker's session at a kiosk may do what a worker may, and take a queue
  number.
- **logged**: who is in the audit log for it (`server/auditing.py`), before anything is done or shown: `all`, whoever
  asks; `staff`, clerks and managers; nobody where it is about nobody, or only about who asks.

"""


def cell(route: Route, role: Role) -> str:
    """What the route says to a role."""
    if route.roles is None:
        return "open"
    if role not in route.roles:
        return "-"
    return "own" if role in route.limited else "yes"


def logged(route: Route) -> str:
    """Who is in the audit log for it."""
    if route.audited:
        return "all"
    return "staff" if STAFF & (route.roles or frozenset()) and not route.impersonal else ""


def markdown() -> str:
    """The whole page."""
    lines = ["| route | " + " | ".join(ROLES) + " | scope | not theirs | logged |", "|---" * (len(ROLES) + 4) + "|"]
    for route in ROUTES:
        cells = [cell(route, role) for role in ROLES]
        scope = route.scope if route.roles and "integration" in route.roles else ""
        hidden = route.hides if route.limited else ""
        lines.append(f"| `{route.method} {route.path}` | {' | '.join(cells)} | {scope} | {hidden} | {logged(route)} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
