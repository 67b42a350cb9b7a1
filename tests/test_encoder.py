"""The shipped model and the one interface to every model."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings import table
from embeddings.commands import configured_encoder
from embeddings.encoder import KINDS, MAX_CHARS, SHIPPED_MODEL, Encoder, EncoderSettings, guard_vector
from embeddings.origin import digests
from embeddings.table import Table
from embeddings.vocabulary import Vocabulary, word_pattern
from matcher.settings import PREFIX, Settings, from_environment

ODD_TEXTS = [
    "",
    " ",
    "\n\t",
    "😀😀👍🏽",
    "1234567890",
    "200元/天 6:00-18:00 13800000000",
    "。,!?…",
    "\x00\ufeff\u200b",
    "\ud800",
    "Hiring two cooks for the weekend",
    "招兩個小工搬水泥,日結",
    "ａｂｃ　１２３",
    "Ｈｅｌｌｏ 厨师",
    "搬" * 100_000,
    "щётка جدا 안녕",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(EncoderSettings(cache_texts=100))


def closeness(encoder: Encoder, posting: str, profile: str) -> float:
    return float(encoder.encode([posting], "posting")[0] @ encoder.encode([profile], "profile")[0])


def copied_model(folder: Path) -> Path:
    shutil.copytree(SHIPPED_MODEL, folder)
    return folder


def test_the_shipped_model_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert Encoder.load().encode(["搬砖"], "posting").shape == (1, 256)


def test_the_plain_library_reads_the_same_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    monkeypatch.setattr(table, "WORDS_AT_ONCE", 40)
    texts = [text[:200] for text in [*ODD_TEXTS, "搬水泥", "切菜", "招两个小工搬水泥,日结" * 20] if text.isprintable()]
    plain = SentenceTransformer(str(SHIPPED_MODEL), device="cpu").encode(texts)
    ours = table.Table(SHIPPED_MODEL).sums(texts)
    known = np.linalg.norm(plain, axis=1) > 0.5
    assert known.sum() >= 7
    ours[known] /= np.linalg.norm(ours[known], axis=1, keepdims=True)
    np.testing.assert_allclose(ours, plain, atol=2e-6)


def test_any_other_model_goes_through_the_library(tmp_path: Path) -> None:
    folder = copied_model(tmp_path / "other")
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    (folder / "modules.json").write_text(json.dumps(modules[:1]), "utf-8")  # not normalised
    assert not table.is_table(folder)
    assert not table.is_table(tmp_path)
    texts = ["搬水泥", "", "切菜 洗碗"]
    settings = EncoderSettings(str(folder), dimension=64, prompts={"query": "厨师 "})
    other, ours = Encoder.load(settings), Encoder.load(EncoderSettings(dimension=64, prompts={"query": "厨师 "}))
    for kind in KINDS:
        np.testing.assert_allclose(other.encode(texts, kind), ours.encode(texts, kind), atol=1e-6)
    assert other.model_id != ours.model_id


def test_the_shipped_model_stays_small() -> None:
    sizes = [path.stat().st_size for path in SHIPPED_MODEL.rglob("*") if path.is_file()]
    assert sum(sizes) <= 16_000_000


def test_the_card_names_what_the_model_was_made_of() -> None:
    card = (SHIPPED_MODEL / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| ([0-9a-f]{16}) \| (since)? ?\|$", card, re.MULTILINE)
    files = digests()
    assert [name for name, _, _ in rows] == list(files)
    for name, digest, since in rows:
        assert (files[name] == digest) != bool(since), f"{name}: build the model anew, or mark the row of its card"


def test_the_tokenizer_passes_over_latin_words_that_it_does_not_know() -> None:
    shipped = json.loads((SHIPPED_MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    words = [word for word, _ in shipped["model"]["vocab"]][1:]
    assert shipped["pre_tokenizer"]["pattern"] == {"Regex": word_pattern(Vocabulary(dict.fromkeys(words, 1)))}
    assert not Table(SHIPPED_MODEL).sums(["part time", "baoan"]).any()
    one, two = Table(SHIPPED_MODEL).sums(["A2B2 part", "a2 b2"])
    assert one.any()
    np.testing.assert_array_equal(one, two)


def test_the_shipped_model_is_read_without_pytorch() -> None:
    check = (
        "import sys; from embeddings.encoder import Encoder; Encoder.load().encode(['搬砖'], 'posting')\n"
        "import server.app, ingest.collect_command; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts_give_unit_vectors(encoder: Encoder, text: str) -> None:
    first, again = encoder.encode([text], "posting"), encoder.encode([text], "profile")
    assert first.dtype == np.float32
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(first, again, atol=1e-6)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode([], "posting").shape == (0, encoder.dimension)


def test_texts_without_known_words_are_near_nothing(encoder: Encoder) -> None:
    unknown = encoder.encode(["😀😀", "12345", "?!"], "posting")
    known = encoder.encode(["搬运工", "保洁", "厨师", "电工"], "profile")
    assert np.abs(unknown @ known.T).max() < 0.35
    assert abs(float(unknown[0] @ unknown[1])) < 0.35
    np.testing.assert_array_equal(unknown[1], guard_vector("12345", encoder.dimension))


def test_rows_keep_the_order_of_texts_with_repeats(encoder: Encoder) -> None:
    texts = ["搬砖", "切菜", "搬砖", "", "切菜"]
    together = encoder.encode(texts, "posting")
    alone = np.concatenate([encoder.encode([text], "posting") for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_long_texts_are_cut(encoder: Encoder) -> None:
    text = "搬" * MAX_CHARS
    np.testing.assert_array_equal(encoder.encode([text + "保洁" * 100], "posting"), encoder.encode([text], "posting"))


def test_an_unknown_kind_is_refused(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="kind must be one of posting, profile, query"):
        encoder.encode(["搬砖"], "document")  # type: ignore[arg-type]  # what a careless caller does


def test_a_missing_model_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="/nowhere/at/all"):
        Encoder.load(EncoderSettings(model="/nowhere/at/all"))


def test_prompts_by_kind() -> None:
    plain = Encoder.load()
    prompted = Encoder.load(EncoderSettings(prompts={"query": "厨师 "}))
    np.testing.assert_allclose(prompted.encode(["搬砖"], "query"), plain.encode(["厨师 搬砖"], "query"), atol=1e-6)
    np.testing.assert_allclose(prompted.encode(["搬砖"], "posting"), plain.encode(["搬砖"], "posting"), atol=1e-6)
    assert prompted.model_id != plain.model_id


def test_a_shorter_dimension_is_the_beginning_of_the_vector() -> None:
    short, whole = Encoder.load(EncoderSettings(dimension=64)), Encoder.load()
    beginning = whole.encode(["厨房切菜"], "posting")[0, :64]
    assert short.dimension == 64
    assert short.model_id != whole.model_id
    np.testing.assert_allclose(
        short.encode(["厨房切菜"], "posting")[0], beginning / np.linalg.norm(beginning), atol=1e-5
    )


def test_model_dimension_and_prompts_come_from_the_settings(tmp_path: Path) -> None:
    folder = copied_model(tmp_path / "other")
    asked = {"MODEL_PATH": str(folder), "MODEL_DIMENSION": "64", "MODEL_PROMPT_QUERY": "厨师 "}
    encoder = configured_encoder(from_environment({PREFIX + name: value for name, value in asked.items()}))
    same = EncoderSettings(str(folder), dimension=64, prompts={"query": "厨师 "})
    assert (encoder.model_id, encoder.dimension) == (Encoder.load(same).model_id, 64)
    assert configured_encoder(Settings()).model_id == Encoder.load().model_id


def test_the_command_says_what_file_it_cannot_write_and_ends_quietly_when_nobody_reads(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server.cli"]
    out = tmp_path / "missing" / "vectors.npy"
    words = [*command, "embed", "--kind", "query", "--out", str(out)]
    told = subprocess.run(words, input="保洁\n", capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert str(out) in told.stderr
    assert "Traceback" not in told.stderr
    piped = 'set -o pipefail; echo 保洁 | "$0" -m server.cli trades | true'
    told = subprocess.run(["bash", "-c", piped, sys.executable], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (141, "")


def test_the_cache_gives_the_same_vectors_and_forgets_the_oldest() -> None:
    encoder = Encoder.load(EncoderSettings(cache_texts=2))
    first = encoder.encode(["搬砖", "切菜"], "posting")
    asked: list[list[str]] = []
    real = encoder._encode_new

    def watched(texts: list[str], kind: object) -> np.ndarray:
        asked.append(texts)
        return real(texts, "posting")

    encoder._encode_new = watched  # type: ignore[method-assign]  # counts what misses the cache
    np.testing.assert_array_equal(encoder.encode(["搬砖", "切菜"], "posting"), first)
    encoder.encode(["保洁"], "posting")
    encoder.encode(["切菜", "搬砖"], "posting")
    encoder.encode(["搬砖"], "profile")
    assert asked == [[], ["保洁"], ["搬砖"], ["搬砖"]]


def test_a_cached_vector_cannot_be_spoilt_by_a_caller(encoder: Encoder) -> None:
    kept = encoder.encode(["抹灰"], "posting").copy()
    encoder.encode(["抹灰"], "posting")[:] = 0
    np.testing.assert_array_equal(encoder.encode(["抹灰"], "posting"), kept)


def test_the_id_names_the_weights(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    same = Encoder.load(EncoderSettings(model=str(copied_model(tmp_path / "same"))))
    changed_folder = copied_model(tmp_path / "changed")
    weights = load_file(changed_folder / "model.safetensors")
    weights["weights"][1] *= 2
    save_file(weights, changed_folder / "model.safetensors")
    changed = Encoder.load(EncoderSettings(model=str(changed_folder)))

    shipped_hash = Encoder.load().model_id.rsplit("-", 1)[1]
    assert Encoder.load().model_id.startswith("kuaizhao-static-256-")
    assert same.model_id == f"same-256-{shipped_hash}"
    assert changed.model_id.rsplit("-", 1)[1] != shipped_hash


@pytest.mark.parametrize(
    ("posting", "right", "wrong"),
    [
        ("招两个小工搬水泥", "杂工,有力气,工地打杂", "切菜配菜 洗碗"),
        ("后厨帮忙", "切菜配菜 洗碗", "杂工,有力气,工地打杂"),
        ("明早6点 5个搬运工 200元/天 城阳", "装卸货物 能扛包", "幼儿园保育员"),
        ("写字楼晚上打扫", "保洁阿姨", "钢筋工"),
        ("家里墙面刮大白", "油漆工 批腻子", "电工证 会接线"),
        ("出海收网", "渔船上干过 会补网", "发传单"),
        ("厕所堵了找人通", "疏通下水道", "收银员"),
        ("大棚摘黄瓜", "种菜的,农活都会", "叉车司机"),
        ("送外卖 自备电动车", "骑手,路熟", "月嫂"),
        ("仓库夜里看门", "保安 值夜班", "会英语翻译"),
        ("招兩個小工搬水泥", "工地雜工", "咖啡拉花"),
    ],
)
def test_what_belongs_together_is_nearer(encoder: Encoder, posting: str, right: str, wrong: str) -> None:
    assert closeness(encoder, posting, right) > closeness(encoder, posting, wrong) + 0.1


def test_pay_hours_and_places_say_nothing(encoder: Encoder) -> None:
    assert closeness(encoder, "招瓦工5名,日结350元,明早6点,城阳区", "瓦工") > 0.75
