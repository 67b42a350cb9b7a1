"""Whom to call at an employer's: sealed in the store, shown to whom it concerns, every look at it in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from embeddings.encoder import Encoder
from ingest.employers import contact_of, seal_contacts, sealed_contact
from ingest.persons import SealError, Vault
from ingest.postings import employer_id
from matcher import codec, records
from matcher.model import Employer
from matcher.store import Store
from server import rotation
from server.keys import VAULT
from tests import builders
from tests.api import Api, plain
from tests.intake import FIRM, POSTINGS, counts, kept, posting_line, take
from tests.intake import VAULT as OF_THE_INTAKE

WHOM = "虚经理 19900000001"
"""Of the builders' firm, as `named` registers it."""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


async def named(api: Api) -> str:
    """The firm names whom to call; answers with a clerk's token."""
    clerk, path = await api.token("clerk", "c1"), f"/v1/employers/{builders.EMPLOYER}"
    body = {"employer": plain(builders.employer()) | {"contact": WHOM}}
    assert (await api.put(path, body, token=clerk)).data["replay"] is False
    assert (await api.put(path, body, token=clerk)).data["replay"] is True
    assert (await api.post(f"{path}/verify", {"verified": True}, token=clerk)).data["replay"] is True
    return clerk


async def test_nothing_of_it_lies_open_and_it_opens_for_its_employer_only(api: Api) -> None:
    await named(api)
    everything = repr(await builders.dump(api.store))
    for secret in (WHOM, "19900000001", "虚经理".encode().hex(), str("虚经理".encode())[2:-1]):
        assert secret not in everything
    record = await api.store.employer(builders.EMPLOYER)
    assert contact_of(api.app[VAULT], record) == WHOM
    with pytest.raises(SealError):
        contact_of(api.app[VAULT], structs.replace(record, id="firm-2"))


async def test_who_sees_it_is_in_the_audit_log(api: Api) -> None:
    clerk = await named(api)
    path = f"/v1/employers/{builders.EMPLOYER}"
    own, other = await api.token("employer", builders.EMPLOYER), await api.token("employer", "firm-2")
    assert (await api.get(path, token=clerk)).code == "bad_field"
    assert (await api.get(path, token=other)).code == "forbidden"
    assert (await api.get(path, token=await api.worker("w1"))).code == "forbidden"
    assert (await api.get(f"{path}?reason=审核岗位", token=clerk)).data["employer"]["contact"] == WHOM
    assert (await api.get(path, token=own)).data["employer"]["contact"] == WHOM
    log = await api.store.commands.xrange(api.store.key("audit_log"))
    told = [tuple(f[name].decode() for name in (b"by", b"what", b"on", b"why")) for _, f in log]
    assert ("clerk:c1", "get_employer", builders.EMPLOYER, "审核岗位") in told
    assert (f"employer:{builders.EMPLOYER}", "get_employer", builders.EMPLOYER, "") in told
    assert ("employer:firm-2", "get_employer refused:forbidden", builders.EMPLOYER, "") in told


async def test_the_worker_sees_all_of_it_once_both_have_confirmed(api: Api) -> None:
    await named(api)
    person = api.app[VAULT].seal(builders.person(1))
    await api.store.register("w1", builders.profile(), person, builders.vector(), builders.MODEL)
    await builders.post(api.store, "j1")
    await builders.offer(api.store, "j1", ["w1"])
    await builders.accept(api.store, "j1", "w1")
    w1, path = await api.worker("w1"), "/v1/assignments/j1:w1/contact"
    assert (await api.get(path, token=w1)).data["employer_contact"] == "虚经理 199****0001"
    await api.store.confirm("j1", "w1")
    assert (await api.get(path, token=w1)).data["employer_contact"] == WHOM


async def test_a_new_master_key_covers_it(store: Store, tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, {})
    await store.put_employer("firm-1", builders.employer(), 0, *sealed_contact(vault, "firm-1", WHOM))
    newer = Vault(vault.keys.with_new())
    assert await rotation.in_use(store) == {1: 1}
    assert await rotation.rewrap(store, newer) == 1
    assert await rotation.in_use(store) == {2: 1}
    later = Vault(newer.keys.without(1))
    assert contact_of(later, await store.employer("firm-1")) == WHOM


async def test_what_older_versions_left_open_is_sealed_once(store: Store, tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, {})
    for n in range(3):
        body = codec.pack({"name": "虚构旧公司", "credit_code": "", "contact": f"{WHOM}{n}", "verified": True})
        await store.call("put", "employer", f"firm-{n}", 0, records.digest(body), 1, body, 1)
    await store.put_employer("firm-9", builders.employer())
    assert (await store.employer("firm-1")).doc == Employer(name="虚构旧公司", verified=True)
    assert await seal_contacts(store, vault) == 3
    assert contact_of(vault, await store.employer("firm-1")) == f"{WHOM}1"
    assert "19900000001" not in repr(await builders.dump(store))
    assert (await store.employer("firm-9")).v == 1
    erased = await store.commands.get(store.key("erased"))
    assert erased is not None, "the file, which still has them, will be rewritten"
    assert await seal_contacts(store, vault) == 0


async def test_rows_of_a_site_name_it_in_a_column_or_in_their_text(
    store: Store, encoder: Encoder, tmp_path: Path
) -> None:
    now_ms, path = await store.now_ms(), tmp_path / "jobs.csv"
    rows = [
        posting_line("a", now_ms, text="搬家具 联系虚先生 199-0000-0007"),
        posting_line("b", now_ms, text="搬家具 联系 19900000008", code="", employer="样本乙公司(虚构)"),
        posting_line("c", now_ms, pay="打19900000009问"),
    ]
    lines = [f"{row.rstrip()},{whom}" for row, whom in zip([POSTINGS, *rows], ["联系人", "", WHOM, ""], strict=True)]
    path.write_text("\n".join(lines), "utf-8")
    assert counts(await take(store, encoder, path)) == (2, 0, 0, 0, 1)
    told = {"91000000SAMPLE0001": "19900000007", "": WHOM}
    for code, contact in told.items():
        id_ = employer_id(Employer(name=FIRM if code else "样本乙公司(虚构)", credit_code=code))
        assert contact_of(OF_THE_INTAKE, await store.employer(id_)) == contact
    docs = [(await store.posting(id_)).doc.text for id_ in await store.postings_in("open")]
    assert sorted(docs) == ["搬家具 联系 199****0008", "搬家具 联系虚先生 199****0007"]
    (row,) = await kept(store)
    assert (row.row["工资"], row.message) == ("打199****0009问", "看不懂工资:打199****0009问")
    everything = repr(await builders.dump(store))
    for number in ("19900000001", "199-0000-0007", "19900000008", "19900000009"):
        assert number not in everything


async def test_a_list_without_headers_does_not_become_words_that_are_kept(
    store: Store, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("虚构甲,19900000001,搬运工\n虚构乙,19900000002,搬运工\n", "utf-8")
    await take(store, encoder, path)
    assert {row.problems[0].code for row in await kept(store)} == {"no_layout"}
    everything = repr(await builders.dump(store))
    assert ("19900000001" in everything, str("虚构甲".encode())[2:-1] in everything) == (False, False)
