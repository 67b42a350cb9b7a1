"""Requests under load share a batch; nobody is left waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings.batcher import Batcher, BatcherClosedError, EncoderOverloadedError
from embeddings.encoder import MAX_CHARS, Kind

WAIT_S = 10


class GatedEncoder:
    """Encodes a text as its length; after `hold` every call waits for `release`."""

    dimension = 1

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], Kind]] = []
        self.entered = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        self.entered.clear()
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def encode(self, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
        self.calls.append((list(texts), kind))
        self.entered.set()
        assert self._open.wait(WAIT_S)
        if "broken" in texts:
            raise ValueError("the model failed")
        return np.array([[len(text)] for text in texts], np.float32)


@pytest.fixture
def encoder() -> GatedEncoder:
    return GatedEncoder()


@pytest.fixture
async def batcher(encoder: GatedEncoder) -> AsyncIterator[Batcher]:
    batcher = Batcher(encoder, max_batch=8, max_waiting=10)
    await batcher.start()
    encoder.calls.clear()
    yield batcher
    encoder.release()
    await batcher.close()


async def busy(batcher: Batcher, encoder: GatedEncoder) -> asyncio.Task[NDArray[np.float32]]:
    """A first request that holds the encoder until it is released."""
    encoder.hold()
    first = asyncio.create_task(batcher.encode("first", "posting"))
    assert await asyncio.to_thread(encoder.entered.wait, WAIT_S)
    return first


async def queued(batcher: Batcher, count: int) -> None:
    """Give the tasks just made their turn: then `count` texts wait."""
    for _ in range(100):
        await asyncio.sleep(0)
    assert batcher.waiting == count


async def test_a_short_text_is_encoded_where_it_stands(encoder: GatedEncoder) -> None:
    batcher = Batcher(encoder, at_once_chars=3)
    with pytest.raises(BatcherClosedError):
        await batcher.encode("abc", "posting")
    await batcher.start()
    short, long = [asyncio.create_task(batcher.encode(text, "posting")) for text in ("abc", "abcd")]
    await asyncio.sleep(0)
    assert (short.done(), long.done()) == (True, False)
    assert [(await task).tolist() for task in (short, long)] == [[3.0], [4.0]]
    assert (batcher.batches, batcher.encoded) == (2, 2)
    await batcher.close()


async def test_requests_that_arrive_during_a_batch_share_the_next(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    others = [asyncio.create_task(batcher.encode("x" * size, "posting")) for size in range(1, 6)]
    await queued(batcher, 5)
    encoder.release()

    answers = await asyncio.gather(first, *others)

    assert [float(answer[0]) for answer in answers] == [5, 1, 2, 3, 4, 5]
    assert [len(texts) for texts, _ in encoder.calls] == [1, 5]


async def test_an_idle_batcher_encodes_at_once(batcher: Batcher, encoder: GatedEncoder) -> None:
    assert (await batcher.encode("搬砖", "query")).tolist() == [2]
    assert encoder.calls == [(["搬砖"], "query")]


async def test_kinds_do_not_mix_and_keep_their_order(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    kinds: list[Kind] = ["profile", "posting", "profile", "query"]
    others = [asyncio.create_task(batcher.encode(f"{place}", kind)) for place, kind in enumerate(kinds)]
    await queued(batcher, 4)
    encoder.release()

    await asyncio.gather(first, *others)

    assert encoder.calls[1:] == [(["0", "2"], "profile"), (["1"], "posting"), (["3"], "query")]


async def test_a_large_request_goes_in_parts_and_keeps_its_order(batcher: Batcher, encoder: GatedEncoder) -> None:
    vectors = await batcher.encode_many(["x" * size for size in range(20)], "profile")

    assert vectors[:, 0].tolist() == list(range(20))
    assert [len(texts) for texts, _ in encoder.calls] == [8, 8, 4]


async def test_no_texts_give_no_rows(batcher: Batcher) -> None:
    assert (await batcher.encode_many([], "query")).shape == (0, 1)


async def test_long_texts_are_cut(batcher: Batcher) -> None:
    assert (await batcher.encode("长" * (MAX_CHARS + 5), "posting")).tolist() == [MAX_CHARS]


async def test_a_failure_reaches_all_who_wait_and_only_them(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    doomed = [asyncio.create_task(batcher.encode(text, "posting")) for text in ("broken", "beside it")]
    await queued(batcher, 2)
    encoder.release()

    assert (await first).tolist() == [5]
    for answer in await asyncio.gather(*doomed, return_exceptions=True):
        assert isinstance(answer, ValueError)
    assert (await batcher.encode("next", "posting")).tolist() == [4]


async def test_a_full_queue_refuses(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    waiting = [asyncio.create_task(batcher.encode("x", "posting")) for _ in range(10)]
    await queued(batcher, 10)

    with pytest.raises(EncoderOverloadedError):
        await batcher.encode("one too many", "posting")

    encoder.release()
    await asyncio.gather(first, *waiting)
    assert batcher.waiting == 0


async def test_a_waiter_who_left_is_not_encoded(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    gone = asyncio.create_task(batcher.encode("gone", "posting"))
    stays = asyncio.create_task(batcher.encode("stays", "posting"))
    await queued(batcher, 2)
    gone.cancel()
    await asyncio.wait([gone])
    encoder.release()

    await asyncio.gather(first, stays)

    assert encoder.calls[1:] == [(["stays"], "posting")]
    assert batcher.waiting == 0


async def test_closing_answers_everybody(batcher: Batcher, encoder: GatedEncoder) -> None:
    first = await busy(batcher, encoder)
    second = asyncio.create_task(batcher.encode("second", "posting"))
    await queued(batcher, 1)
    closing = asyncio.create_task(batcher.close())
    answers = await asyncio.gather(first, second, return_exceptions=True)
    encoder.release()
    await closing

    assert [type(answer) for answer in answers] == [BatcherClosedError, BatcherClosedError]
    with pytest.raises(BatcherClosedError):
        await batcher.encode("too late", "posting")


async def test_a_batcher_that_was_not_started_refuses(encoder: GatedEncoder) -> None:
    with pytest.raises(BatcherClosedError):
        await Batcher(encoder).encode("early", "posting")
