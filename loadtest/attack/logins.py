"""Attacks on the doors: guessing, finding out who is registered, using again, planting, standing in for others."""

from __future__ import annotations

import asyncio
from typing import Final

from loadtest.attack.target import FIRM, OTHER_FIRM, REGISTERED, SITE, Attacker, Outcome, Target, posting
from server import kiosks, sessions

GUESSES: Final = 300
LOOKED_UP: Final = 40


async def one_time_code_guessing(target: Target) -> Outcome:
    """A botnet guesses the code of one telephone, and asks for new ones when it is locked out."""
    (number,) = target.untouched()
    victim = target.telephone(number)
    async with target.attacker() as one:
        await one.send("POST", "/v1/login/code", {"telephone": victim})
    code = await target.code_of(number)
    wrong = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, GUESSES + 1)]
    answers = []
    for first in range(0, GUESSES, 50):
        async with target.attacker() as bot:
            some = wrong[first : first + 50]
            answers += await asyncio.gather(*(_try(bot, victim, guess) for guess in some))
            answers.append((await bot.send("POST", "/v1/login/code", {"telephone": victim})).status)
    entered, tried = answers.count(200), answers.count(401)
    return Outcome(
        name="one_time_code_guessing",
        refused=entered == 0 and tried <= 5,
        tries=len(answers),
        detail=f"{tried} guesses were looked at, {answers.count(429)} tries were locked out",
    )


async def _try(who: Attacker, telephone: str, code: str) -> int:
    return (await who.send("POST", "/v1/login/telephone", {"telephone": telephone, "code": code})).status


async def enumeration_by_text(target: Target) -> Outcome:
    """Status, body and headers of registered and unknown telephones are compared."""
    seen: list[set[str]] = [set(), set()]
    async with target.attacker() as spy:
        for number in target.untouched(LOOKED_UP):
            for of, telephone in enumerate((target.telephone(number), target.telephone(REGISTERED + number))):
                for path, body in (
                    ("/v1/login/code", {"telephone": telephone}),
                    ("/v1/login/telephone", {"telephone": telephone, "code": "000000"}),
                ):
                    answer = await spy.send("POST", path, body)
                    names = sorted(k for k in answer.headers if k != "Date")
                    seen[of].add(f"{path} {answer.status} {answer.body} {names}")
    return Outcome(
        name="enumeration_by_text",
        refused=seen[0] == seen[1],
        tries=4 * LOOKED_UP,
        detail=f"{len(seen[0] ^ seen[1])} answers differ",
    )


async def replay(target: Target) -> Outcome:
    """A code that was used, and a token whose session was ended, are used again."""
    async with target.attacker() as thief:
        (number,) = target.untouched()
        telephone = target.telephone(number)
        await thief.send("POST", "/v1/login/code", {"telephone": telephone})
        body = {"telephone": telephone, "code": await target.code_of(number)}
        first = await thief.send("POST", "/v1/login/telephone", body)
        again = await thief.send("POST", "/v1/login/telephone", body)
        token = first.body["token"]
        await thief.send("POST", "/v1/session/end", {}, token)
        ended = await thief.send("GET", "/v1/offers", token=token)
    refused = first.status == 200 and (again.code, ended.code) == ("bad_login", "bad_token")
    return Outcome(name="replay", refused=refused, tries=2, detail=f"{again.status}, {ended.status}")


async def session_fixation(target: Target) -> Outcome:
    """A token is planted in the victim's browser before the victim logs in."""
    planted = await sessions.issue(target.store, "worker", "victim-201")
    async with target.attacker() as browser:
        (number,) = target.untouched()
        telephone = target.telephone(number)
        await browser.send("POST", "/v1/login/code", {"telephone": telephone})
        body = {"telephone": telephone, "code": await target.code_of(number), "cookie": True}
        cookie = {"Cookie": f"kuaizhao={planted}"}
        entered = await browser.send("POST", "/v1/login/telephone", body, headers=cookie)
        whose = await browser.send("GET", "/v1/session", token=planted)
    fresh = planted not in entered.headers.get("Set-Cookie", planted)
    return Outcome(
        name="session_fixation",
        refused=entered.status == 200 and fresh and whose.body["subject"] == "victim-201",
        tries=1,
        detail="the log-in made a token of its own",
    )


async def cross_site_request(target: Target) -> Outcome:
    """Another site lets the victim's browser send its cookie, over HTTP and for a socket."""
    token = await sessions.issue(target.store, "clerk", "attack-clerk-2")
    evil = {"Cookie": f"kuaizhao={token}", "Origin": "https://evil.example"}
    worker = await sessions.issue(target.store, "worker", "victim-203")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "https://evil.example"}
    async with target.attacker() as site:
        close = await site.send("POST", "/v1/postings/attack-job/close", headers=evil)
        socket = await site.send("GET", "/v1/inbox", headers=upgrade | {"Cookie": f"kuaizhao={worker}"})
    codes = (close.code, socket.code)
    return Outcome(name="cross_site_request", refused=codes == ("bad_csrf", "bad_csrf"), tries=2, detail=str(codes))


async def another_sites_kiosk(target: Target) -> Outcome:
    """A kiosk of one site reaches for people, postings and slips of another, and acts for people by itself."""
    tried = [
        ("GET", "/v1/profiles/victim-1", None),
        ("GET", "/v1/offers?profile=victim-1", None),
        ("POST", "/v1/profiles/victim-1/ticket", None),
        ("GET", "/v1/postings/attack-job", None),
        ("GET", "/v1/postings/attack-job/entries", None),
        ("POST", "/v1/assignments/attack-job:victim-1/check-in", None),
    ]
    async with target.attacker() as stolen:
        codes = [(await stolen.send(method, path, body, target.other_kiosk)).code for method, path, body in tried]
    refused = set(codes) <= {"forbidden", "no_posting"}
    return Outcome(name="another_sites_kiosk", refused=refused, tries=len(tried), detail=" ".join(codes))


async def another_employers_posting(target: Target) -> Outcome:
    """An employer changes, closes and reads another's posting, and posts in another's name."""
    token = await sessions.issue(target.store, "employer", OTHER_FIRM)
    tried = [
        ("PUT", "/v1/postings/attack-job", {"posting": posting(employer=OTHER_FIRM)}),
        ("POST", "/v1/postings/attack-job/close", None),
        ("POST", "/v1/postings/attack-job/withdraw", None),
        ("GET", "/v1/postings/attack-job/entries", None),
        ("POST", "/v1/postings", {"posting": posting(employer=FIRM)}),
        ("PUT", f"/v1/employers/{FIRM}", {"employer": {"name": "虚构冒名"}}),
        ("POST", f"/v1/employers/{FIRM}/logins", {"telephone": target.telephone(0)}),
    ]
    async with target.attacker() as rival:
        codes = [(await rival.send(method, path, body, token)).code for method, path, body in tried]
    still = (await target.store.posting("attack-job")).doc.employer == FIRM
    refused = set(codes) == {"forbidden"} and still
    return Outcome(name="another_employers_posting", refused=refused, tries=len(tried), detail=" ".join(codes))


async def guessed_queue_numbers(target: Target) -> Outcome:
    """Somebody at a kiosk types called queue numbers and guesses the PIN."""
    victims = target.untouched(5)
    kiosk = await kiosks.add(target.store, f"attack-kiosk-{victims[0]}", SITE, card_reader=False)
    async with target.attacker() as hall:
        slips = [(await hall.send("POST", f"/v1/profiles/victim-{n}/ticket", token=target.clerk)).body for n in victims]
        guesses = [
            {"queue_no": slip["queue_no"], "pin": f"{(int(slip['pin']) + n) % 10**6:06d}"}
            for n in range(1, 31)
            for slip in slips
        ]
        answers = [(await hall.send("POST", "/v1/login/ticket", guess, kiosk)).status for guess in guesses]
    tried = answers.count(401)
    return Outcome(
        name="guessed_queue_numbers",
        refused=answers.count(200) == 0 and tried <= 5 * len(slips),
        tries=len(guesses),
        detail=f"{tried} PINs of {SITE} were looked at, {answers.count(429)} tries were locked out",
    )


async def staff_password_guessing(target: Target) -> Outcome:
    """Common passwords for names that may exist."""
    names = [f"{name}-{target.untouched()[0]}" for name in ("admin", "boss")]
    guesses = [{"name": name, "password": f"Password{n}!", "code": "123456"} for name in names for n in range(40)]
    async with target.attacker() as bot:
        answers = await asyncio.gather(*(bot.send("POST", "/v1/login/staff", guess) for guess in guesses))
    states = [a.status for a in answers]
    return Outcome(
        name="staff_password_guessing",
        refused=set(states) <= {401, 429, 503} and states.count(401) <= 16,
        tries=len(guesses),
        detail=f"{states.count(401)} guesses were looked at, {states.count(429)} tries were locked out",
    )
