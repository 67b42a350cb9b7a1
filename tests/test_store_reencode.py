"""reencode: a vector of another model beside the one in force, only for the document it was made from."""

from __future__ import annotations

import numpy as np
import pytest

from loadtest.audit import audit
from matcher import records
from matcher.records import Hash
from matcher.store import Store
from tests.builders import DIMENSION, MODEL, accept, in_play, profile, refused, register, replayed, vector

OTHER = "another-model"
THIRD = "third-model"


async def raw(store: Store, kind: str, id_: str) -> Hash:
    (found,) = await store.hashes(kind, [id_])
    return found


async def digest(store: Store, kind: str, id_: str) -> str:
    return (await raw(store, kind, id_))[b"digest"].decode()


def like(found: Hash, model: str, n: int) -> bool:
    """Whether the record has vector number n by the model."""
    return np.allclose(records.vector_by(found, model), vector(n), atol=1e-3)


@pytest.fixture
async def named(store: Store) -> Store:
    """A market that matches by the builders' model, with one worker."""
    await store.put_model(MODEL, DIMENSION)
    await register(store, "ann")
    return store


async def test_a_profile_has_both_vectors_until_the_new_model_is_named(named: Store) -> None:
    mark = await digest(named, "profile", "ann")
    assert (await named.reencode("profile", "ann", mark, vector(5), OTHER)).v == 2
    found = await raw(named, "profile", "ann")
    assert (like(found, MODEL, 0), like(found, OTHER, 5)) == (True, True)
    assert (await named.profile("ann")).model == OTHER
    assert not len(records.vector_by(found, THIRD))
    await named.put_model(OTHER, DIMENSION)
    assert (await named.reencode("profile", "ann", mark, None, OTHER)).v == 2
    assert (await replayed(named, named.reencode("profile", "ann", mark, None, OTHER))).v == 2
    found = await raw(named, "profile", "ann")
    assert (len(records.vector_by(found, MODEL)), like(found, OTHER, 5)) == (0, True)
    assert not {name for name in found if name.startswith(b"previous")}


async def test_the_event_names_the_record_and_the_same_again_writes_none(named: Store) -> None:
    mark = await digest(named, "profile", "ann")
    await named.reencode("profile", "ann", mark, vector(5), OTHER)
    await replayed(named, named.reencode("profile", "ann", mark, vector(5), OTHER))
    changes = await named.changes("0-0", block_ms=1)
    assert [(c.kind, c.id, c.v) for c in changes][2:] == [("profile.reencoded", "ann", 2)]


async def test_a_document_that_has_changed_is_left_alone(named: Store) -> None:
    mark = await digest(named, "profile", "ann")
    await named.amend_profile("ann", profile(radius_m=3_000), vector(1), MODEL)
    await refused(named, "stale_version", named.reencode("profile", "ann", mark, vector(5), OTHER))
    assert like(await raw(named, "profile", "ann"), MODEL, 1)


async def test_who_is_not_there_is_said(named: Store) -> None:
    await refused(named, "no_profile", named.reencode("profile", "bob", "0", vector(), OTHER))
    await refused(named, "no_posting", named.reencode("posting", "p", "0", vector(), OTHER))


async def test_an_old_vector_does_not_outlive_its_document(named: Store) -> None:
    await named.reencode("profile", "ann", await digest(named, "profile", "ann"), vector(5), OTHER)
    await named.amend_profile("ann", profile(radius_m=3_000), vector(6), OTHER)
    found = await raw(named, "profile", "ann")
    assert (len(records.vector_by(found, MODEL)), like(found, OTHER, 6)) == (0, True)


async def test_a_third_model_keeps_the_vector_in_force(named: Store) -> None:
    """A run was cut off and another model is tried: what stays is what the market matches by, not the run's."""
    mark = await digest(named, "profile", "ann")
    await named.reencode("profile", "ann", mark, vector(5), OTHER)
    await named.reencode("profile", "ann", mark, vector(7), THIRD)
    found = await raw(named, "profile", "ann")
    assert (like(found, MODEL, 0), len(records.vector_by(found, OTHER)), like(found, THIRD, 7)) == (True, 0, True)


async def test_back_to_the_model_in_force_leaves_one_vector(named: Store) -> None:
    mark = await digest(named, "profile", "ann")
    await named.reencode("profile", "ann", mark, vector(5), OTHER)
    await named.reencode("profile", "ann", mark, vector(0), MODEL)
    found = await raw(named, "profile", "ann")
    assert (found[b"model"].decode(), like(found, MODEL, 0)) == (MODEL, True)
    assert b"previous_vec" not in found


async def test_a_posting_keeps_its_seats_and_offers(named: Store) -> None:
    await in_play(named, "p", ["ann", "bob"], award="instant", headcount=1)
    await accept(named, "p", "ann", "bob")
    before = await named.posting("p")
    done = await named.reencode("posting", "p", await digest(named, "posting", "p"), vector(5), OTHER)
    after = await named.posting("p")
    assert (done.v, done.state) == (before.v + 1, "filled")
    assert (after.taken, after.standby, after.terms, after.model) == (before.taken, before.standby, 1, OTHER)
    found = await raw(named, "posting", "p")
    assert (like(found, MODEL, 0), like(found, OTHER, 5)) == (True, True)
    assert (await audit(named)).ok


async def test_a_model_is_proposed_and_named_once(store: Store) -> None:
    assert await store.propose_model(MODEL, DIMENSION) == MODEL
    assert await store.propose_model(OTHER, 8) == MODEL
    assert await store.propose_model(MODEL, DIMENSION) == MODEL
    assert await store.model() == (MODEL, DIMENSION)
    assert [c.kind for c in await store.changes("0-0", block_ms=1)] == ["model.put"]
