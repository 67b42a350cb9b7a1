"""The sealed person beside a profile: compared by its mark, changed with the profile, never lost on the way."""

from __future__ import annotations

import pytest

from matcher.errors import KuaizhaoError
from matcher.store import Store
from tests import builders

SAME = {"vector": builders.vector(), "model": builders.MODEL}


async def amend(store: Store, person: bytes, mark: str, **over: object) -> tuple[int, bool]:
    name, args = store.amend_profile_call("p", builders.profile(**over), **SAME, person=person, person_mark=mark)
    done = await store.call(name, *args)
    return done.v, done.replay


async def test_sealed_anew_is_the_same_person(store: Store) -> None:
    first = await store.register("p", builders.profile(), b"sealed once", **SAME, person_mark="mark")
    again = await store.register("p", builders.profile(), b"sealed twice", **SAME, person_mark="mark")
    assert (first.replay, again.replay, again.v) == (False, True, 1)
    assert await store.person("p") == b"sealed once"


async def test_another_telephone_is_a_change_though_the_profile_is_the_same(store: Store) -> None:
    await store.register("p", builders.profile(), b"old number", **SAME, person_mark="old")
    with pytest.raises(KuaizhaoError, match="key_reused"):
        await store.register("p", builders.profile(), b"new number", **SAME, person_mark="new")
    assert await amend(store, b"new number", "new") == (2, False)
    assert await store.person("p") == b"new number"
    assert await amend(store, b"new number, sealed again", "new") == (2, True)
    assert await store.person("p") == b"new number"


async def test_a_changed_profile_without_a_person_keeps_the_person(store: Store) -> None:
    await store.register("p", builders.profile(), b"somebody", **SAME, person_mark="mark")
    assert await amend(store, b"", "", radius_m=3_000) == (2, False)
    assert await store.person("p") == b"somebody"
