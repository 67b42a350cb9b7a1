"""No secrets where they do not belong: not in the repository, not in logs or metrics of a service at work."""

from __future__ import annotations

import logging
import re
import subprocess
from base64 import b32encode
from pathlib import Path

import pytest
import structlog

from server import kiosks, staff
from server.cli import without_numbers
from server.keys import SEAL
from server.staff import code_at
from tests import builders
from tests.test_doors_telephone import asked, doors, received, telephone, try_code

ROOT = Path(__file__).resolve().parent.parent
SIGNS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a cloud's key": re.compile(r"\b(?:AKIA|ASIA|LTAI)[0-9A-Za-z]{16}"),
    "a token": re.compile(r"\b(?:gh[pousr]_|glpat-|xox[abp]-|sk-|eyJhbGci)[A-Za-z0-9_-]{20,}"),
    "32 bytes in base64": re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}(?![A-Za-z0-9+/_-])"),
    "a password in an address": re.compile(r"(?:https?|rediss?|ftp)://[^/\s:@{}<>*]+:[^/\s:@{}<>*]+@[\w.]"),
}
SAMPLES = {
    "a private key": "-----BEGIN EC PRIVATE " + "KEY-----",
    "a cloud's key": "AKIA" + "ABCDEFGHIJ234567",
    "a token": "ghp_" + "a1B2" * 9,
    "32 bytes in base64": "KEY=" + "aB3" * 14 + "x=",
    "a password in an address": "redis://somebody:" + "secret@store.example",
}
PASSWORD, GUESS = "a long password of mine", "a guess at a password"
KEY_FILES = (".pem", ".key", ".p12", ".pfx", ".env")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def signs(text: str) -> list[str]:
    """What looks like a secret: words of 43 letters are names, bytes in base64 have capitals and digits too."""
    hits = [(what, hit[0]) for what, sign in SIGNS.items() for hit in sign.finditer(text)]
    return [f"{what}: {hit}" for what, hit in hits if re.search("[0-9]", hit) or "32" not in what]


@pytest.mark.parametrize("sign", SIGNS)
def test_a_secret_would_be_seen(sign: str) -> None:
    assert [hit for hit in signs(SAMPLES[sign]) if hit.startswith(sign)]


def test_no_secret_is_in_the_repository() -> None:
    found = []
    for path in tracked():
        if path.suffix in KEY_FILES or path.name in KEY_FILES:
            found.append(f"{path}: a file of keys")
        raw = path.read_bytes()
        if b"\0" in raw[:8_000]:
            continue  # weights and pictures
        found += [f"{path}: {sign}" for sign in signs(raw.decode("utf-8", "replace"))]
    assert not found, "\n".join(found)


async def test_no_secret_is_in_logs_or_metrics(
    valkey_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs(processors=[structlog.processors.format_exc_info]) as told:
        async with doors(valkey_url, tmp_path) as (api, gateway):
            totp = await staff.add(api.store, api.app[SEAL], "boss", "manager", PASSWORD)
            kiosk = await kiosks.add(api.store, "kiosk-1", builders.SITE, card_reader=False)
            now_s = await api.store.now_ms() / 1000
            login = {"name": "boss", "password": PASSWORD, "code": code_at(totp, now_s)}
            boss = (await api.post("/v1/login/staff", login)).data["token"]
            await api.post("/v1/login/staff", login | {"password": GUESS})
            await asked(api, telephone())
            code = await received(gateway, telephone())
            worker = (await try_code(api, telephone(), code)).data["token"]
            pin = (await api.post("/v1/profiles/w1/ticket", token=boss)).data["pin"]
            for token in (worker, boss, kiosk):
                await api.get("/v1/offers", token=token + "x")
                await api.get(f"/v1/nothing?token={token}")
                await api.post("/v1/postings", {"token": token}, token=token)
            monkeypatch.setattr("server.doors.telephone.who_has", broken)
            monkeypatch.setattr("server.staff.find", broken)
            assert (await try_code(api, telephone(), code)).code == "internal"
            assert (await api.post("/v1/login/staff", login)).code == "internal"
            metrics = (await api.get("/metrics")).data.decode()
    assert sum(entry["event"] == "request_failed" for entry in told) == 2, "what broke is logged"
    output = capfd.readouterr()
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # `serving` has none
    written = f"{told} {logged} {output.out} {output.err} {metrics}"
    secrets = [PASSWORD, GUESS, boss, worker, kiosk, code, login["code"], pin, totp.hex(), b32encode(totp).decode()]
    assert not [secret for secret in secrets if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", written)]


def broken(*_: object) -> str:
    raise RuntimeError("something that nobody expected")


def test_no_number_of_a_row_that_failed_is_in_the_log() -> None:
    with structlog.testing.capture_logs(processors=[structlog.processors.format_exc_info, without_numbers]) as told:
        try:
            int("19900777001,")
        except ValueError:
            structlog.get_logger().exception("row_failed")
    assert "199****7001," in told[0]["exception"]
    assert "19900777001" not in repr(told)
