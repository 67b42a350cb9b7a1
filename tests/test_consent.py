"""同意: asked anew for a new text; withdrawn, it ends the matching, and after a while everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import consent
from matcher.model import DAY_MS, Presence
from server import retention
from server.keys import VAULT
from tests import builders
from tests.api import Api, plain, running

PATH = "/v1/profiles/ann/consent"
ANN = builders.person(1)


@pytest.fixture
async def api(api: Api) -> Api:
    vault = api.app[VAULT]
    await api.store.register(
        "ann", builders.profile(), vault.seal(ANN), builders.vector(), builders.MODEL, vault.mark(ANN)
    )
    return api


async def test_a_new_text_is_asked_for_until_it_is_consented_to(api: Api, tmp_path: Path) -> None:
    ann, file = await api.worker("ann"), tmp_path / "consent.toml"
    assert (await api.get(PATH, token=ann)).data["asked"] is False
    file.write_text('version = "2027-01"\ntext = "虚构的新同意书"', "utf-8")
    async with running(api.store, tmp_path, consent_file=str(file)) as later:
        asked = (await later.get(PATH, token=ann)).data
        assert (asked["asked"], asked["given"], asked["version"]) == (True, "2026-01", "2027-01")
        assert (await later.put(PATH, {"version": "2026-01"}, token=ann)).code == "new_consent"
        assert (await later.put(PATH, {"version": "2027-01"}, token=ann)).data["asked"] is False
        assert (await later.get("/v1/profiles/ann/person", token=ann)).data["consent"] == "2027-01"


async def test_a_paper_of_an_earlier_version_counts_and_its_person_is_asked_anew(api: Api, tmp_path: Path) -> None:
    file, clerk = tmp_path / "consent.toml", await api.token("clerk")
    file.write_text('version = "2027-01"\ntext = "虚构的新同意书"\nearlier = ["2026-01", "纸质1"]', "utf-8")
    async with running(api.store, tmp_path, consent_file=str(file)) as later:
        for n, (version, code) in enumerate({"纸质1": "", "2027-01": "", "纸质2": "unknown_consent"}.items(), 5):
            body = {"profile": plain(builders.profile()), "person": plain(builders.person(n, consent=version))}
            reply = await later.post("/v1/profiles", body, token=clerk)
            assert reply.code == code
            if not code:
                view = (await later.get(f"/v1/profiles/{reply.data['id']}/consent", token=clerk)).data
                assert view["asked"] == (version != "2027-01")


async def test_withdrawn_it_ends_offers_lines_and_crews_and_leaves_seats(api: Api) -> None:
    store = api.store
    await builders.in_play(store, "seat", ["ann"])
    await builders.accept(store, "seat", "ann")
    await builders.post(store, "line", starts_in_ms=3 * DAY_MS, award="fair")
    await builders.offer(store, "line", ["ann"])
    await builders.accept(store, "line", "ann")
    await builders.post(store, "offered", starts_in_ms=5 * DAY_MS)
    await builders.offer(store, "offered", ["ann"])
    await store.form_crew("c", "ann", [])
    ann = await api.worker("ann")
    reply = await api.send("DELETE", PATH, token=ann)
    assert (reply.status, reply.data["asked"]) == (200, True)
    assert reply.data["erased_ms"] - reply.data["withdrawn_ms"] == 15 * DAY_MS
    entries = {p: (await store.entries(p)).get("ann") for p in ("seat", "line", "offered")}
    assert [e.assignment or e.acceptance or e.offer for e in entries.values() if e] == [
        "seated", "withdrawn", "withdrawn",
    ]  # fmt: skip
    assert await store.ids("crew") == []
    await builders.post(store, "next", starts_in_ms=7 * DAY_MS)
    await builders.offer(store, "next", ["ann"])
    assert await store.entries("next") == {}
    assert (await api.put("/v1/profiles/ann/presence", {"state": "available"}, token=ann)).code == "consent_withdrawn"
    clerk = await api.token("clerk")
    assert (await api.put("/v1/profiles/ann/suspension", {}, token=clerk)).code == "consent_withdrawn"
    assert (await api.send("DELETE", PATH, token=ann)).data["withdrawn_ms"] == reply.data["withdrawn_ms"]


async def test_consenting_again_is_as_before_a_clerks_suspension_included(api: Api) -> None:
    store, ann = api.store, await api.worker("ann")
    until_ms = await store.now_ms() + DAY_MS
    await store.suspend("ann", until_ms, "虚构的理由")
    await store.withdraw_consent("ann")
    assert (await api.put(PATH, {"version": consent.read().version}, token=ann)).data["withdrawn_ms"] is None
    record = await store.profile("ann")
    assert (record.suspended_until_ms, record.suspended_reason) == (until_ms, "虚构的理由")
    await store.suspend("ann", 0, "")
    await store.presence("ann", Presence(state="available"), until_ms)
    await builders.in_play(store, "p", ["ann"])


async def test_staff_say_why_and_a_wish_to_be_erased_can_be_taken_back(api: Api) -> None:
    store, clerk = api.store, await api.token("clerk")
    assert (await api.send("DELETE", PATH, token=clerk)).code == "bad_field"
    assert (await api.send("DELETE", f"{PATH}?reason=phone", token=clerk)).status == 200
    given = {"version": consent.read().version}
    assert (await api.put(PATH, given, token=clerk)).code == "bad_field"
    assert (await api.put(PATH, given | {"reason": "paper"}, token=clerk)).status == 200
    await builders.in_play(store, "seat", ["ann"])
    await builders.accept(store, "seat", "ann")
    assert (await store.erase("ann")).state == "waiting"
    assert (await api.put(PATH, given | {"reason": "paper"}, token=clerk)).status == 200
    assert await store.commands.zcard(store.key("erasures")) == 0


async def test_what_is_kept_of_who_withdrew_is_erased_after_a_while(api: Api) -> None:
    store = api.store
    await builders.register(store, "bob")
    await store.withdraw_consent("ann")
    for days, left in ((14, ["ann", "bob"]), (16, ["bob"])):
        await retention.erase_unused(store, await store.now_ms() + days * DAY_MS)
        assert sorted(await store.ids("profile")) == left


async def test_without_a_profile_or_a_person_there_is_no_consent(api: Api) -> None:
    await api.store.register("bob", builders.profile(), b"", builders.vector(), builders.MODEL)
    for nobody in ("bob", "nobody"):
        assert (await api.get(f"/v1/profiles/{nobody}/consent", token=await api.token("clerk"))).code == "no_profile"
    await builders.refused(api.store, "no_profile", api.store.withdraw_consent("nobody"))
    await builders.refused(api.store, "no_profile", api.store.give_consent("nobody", b"", ""))
