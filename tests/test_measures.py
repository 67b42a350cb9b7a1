"""The material the model is taught with and measured on, and the measures themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings.classification import classified
from embeddings.encoder import Encoder, Kind, Vectors
from embeddings.evaluate import Table
from embeddings.generator import LEXICON, Concept, concepts, phrases
from embeddings.occupations import Occupation, occupations
from embeddings.pairs import (
    Pair,
    folds,
    fresh_figures,
    likeness,
    mrr,
    ranks,
    read_pairs,
    small_set_mrr,
    unseen_likeness,
)
from embeddings.recogniser import Recogniser
from embeddings.scenes import scenes
from embeddings.titles import Title, posting_titles, title_figures
from embeddings.train import Ground, tuned_rows
from embeddings.tuning import Recipe, Splitter, Subject, WordTable, tune
from embeddings.vocabulary import RARE, build_tokenizer, choose, own_words, passing_phrases
from matcher.trades import trades


class Letters:
    """One number a Latin letter: equal letters, equal vectors."""

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        rows = np.array([[text.count(letter) + 0.01 for letter in "abcdef"] for text in texts], np.float32)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def test_pairs_name_known_trades_and_are_not_taught() -> None:
    natural, riddles = read_pairs()
    assert len(natural) >= 300
    assert len({pair.trade for pair in natural}) == len(natural)
    assert {pair.stratum for pair in riddles} == {"plain", "hard"}
    taught = {text for concept in concepts().values() for text in concept.texts}
    for pair in (*natural, *riddles):
        assert pair.trade in trades()
    whole = [pair for pair in natural if pair.posting in taught and pair.profile in taught]
    assert len(whole) <= 0.01 * len(natural)


def test_the_shipped_model_joins_the_fresh_pairs() -> None:
    assert fresh_figures(Encoder.load())["fresh_pairs_mrr"] >= 0.93


def test_phrases_belong_to_trades() -> None:
    for trade, kind, said in phrases():
        assert trade in trades()
        assert kind in ("posting", "worker", "word")
        assert said
        assert len(said) == len(set(said))
        assert all(text == text.strip() and text for text in said)


def test_leaving_a_trade_out_leaves_its_phrases_out() -> None:
    everything, without = concepts(), concepts(leave_out={"porter"})
    assert "porter" in everything
    assert "porter" not in without
    assert len(without) == len(everything) - 1


def test_titles_have_codes_of_the_classification() -> None:
    rows = [line.split("\t") for line in (LEXICON / "posting_titles.tsv").read_text(encoding="utf-8").splitlines()]
    for row, half, codes in rows:
        assert row
        assert half in ("tuning", "test")
        assert set(codes.split()) <= set(occupations()), row
    assert len({row for row, _, _ in rows}) == len(rows) >= 250


def test_postings_need_the_shared_folder(tmp_path: Path) -> None:
    assert posting_titles(tmp_path / "nowhere") is None


def test_easy_titles_hold_a_name_or_an_alias() -> None:
    assert Title("急招搬运工三名", frozenset({"4-02-05-01"})).easy
    assert not Title("扛大包", frozenset({"4-02-05-01"})).easy


def test_rank_counts_ties_against_us() -> None:
    scores = np.array([[0.5, 0.5, 0.1], [0.9, 0.8, 0.1], [0.0, 0.0, 1.0]], np.float32)
    assert ranks(scores).tolist() == [2, 2, 1]
    assert mrr(ranks(scores)) == pytest.approx((0.5 + 0.5 + 1) / 3, abs=1e-4)


def test_draws_join_equal_texts() -> None:
    pairs = [Pair(letter, letter, letter, "natural") for letter in "abcdef"]
    assert small_set_mrr(likeness(Letters(), pairs), pairs) == 1.0


def test_each_posting_is_asked_of_a_model_without_its_trade() -> None:
    sets = [[Pair("a", "a", trade, "natural") for trade in list(trades())[:40]]]
    without: list[set[str]] = []

    def taught(fold: set[str]) -> Letters:
        without.append(fold)
        return Letters()

    (scores,) = unseen_likeness(sets, taught, lambda _: None)
    assert set.union(*without) == set(trades())
    assert sum(map(len, without)) == len(trades())
    assert scores.min() == pytest.approx(1.0)


def test_folds_are_always_the_same() -> None:
    assert folds("abcdefgh", 3) == folds(set("hgfedcba"), 3)
    assert sorted(name for fold in folds("abcdefgh", 3) for name in fold) == list("abcdefgh")


def test_shares_of_right_titles() -> None:
    facts = [Occupation("4-02-05-01", "abc"), Occupation("4-07-05-01", "def")]
    recogniser = Recogniser(Letters(), facts, [])
    titles = [Title("aabc", frozenset({"4-02-05-01"})), Title("ddef", frozenset({"4-02-05-01"}))]
    assert title_figures(recogniser, titles, "t") == {"t_easy": None, "t_hard": 0.5}
    assert title_figures(recogniser, None, "t") == {"t_easy": None, "t_hard": None}


def test_the_classification_is_taught_without_the_occupations_left_out() -> None:
    known = classified(leave_out={"4-07-05-01"})
    assert "occupation:4-07-05-01" not in known
    assert known["occupation:4-02-05-01"].names == ["装卸搬运工"]
    assert all(len(concept.posting) >= 3 for concept in known.values())


def test_scenes_are_taught_without_the_lines_that_hold_a_word_left_out() -> None:
    known = scenes()
    assert len(known) > 6500
    lines = (LEXICON / "world.txt").read_text(encoding="utf-8").splitlines()
    assert len(known) == len(lines), "two scenes of one name"
    assert all(len(concept.words) >= 3 for concept in known.values())
    kept = scenes(leave_out={"洗碗"})
    assert 0 < len(kept) < len(known)
    assert not any("洗碗" in " ".join(concept.texts) for concept in kept.values())


def test_what_one_scene_alone_says_is_a_word_only_if_the_corpus_knows_it() -> None:
    known = [
        Concept("scene:玩具", ["玩具"], words=["收玩具", "积木块", "爬行垫", "收拾"]),
        Concept("scene:客厅", ["客厅"], words=["爬行垫", "小孩"]),
        Concept("carpenter", ["木工"], words=["企口板"]),
    ]
    phrases = passing_phrases(known, {"玩具": RARE, "客厅": RARE, "小孩": RARE, "收拾": RARE, "积木块": RARE - 1})
    assert phrases == {"收玩具", "积木块"}


def _small_ground(known: dict[str, Concept]) -> Ground:
    vocabulary = choose({}, own_words(known.values()), characters=0, words=0)
    tokenizer, word_of_token = build_tokenizer(vocabulary, {})
    draw = np.random.default_rng(0)
    vectors = draw.standard_normal((len(vocabulary.words), 256)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Ground(vocabulary, tokenizer, word_of_token, vectors, np.ones(len(vectors), np.float32))


def test_tuning_brings_the_words_of_a_trade_together() -> None:
    known = {
        "guard": Concept("guard", ["保安"], ["看门", "巡逻"], ["站岗", "守夜"]),
        "cook": Concept("cook", ["厨师"], ["炒菜", "掌勺"], ["颠勺", "切菜"]),
        "porter": Concept("porter", ["搬运"], ["扛包", "卸车"], ["装车", "力气"]),
    }
    ground = _small_ground(known)
    recipe = Recipe(steps=100, batch=3, shift_rate=0.005, dropped=0.0)
    taught = [Subject(list(known.values()), recipe.batch)]
    vectors = Table(ground, tuned_rows(ground, taught, recipe)).encode(["看门", "守夜", "炒菜", "颠勺"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.5
    assert vectors[2] @ vectors[3] > vectors[2] @ vectors[1] + 0.5
    again = WordTable(ground.vocabulary.words, ground.vectors, ground.weights)
    losses = tune(again, Splitter(ground.tokenizer, ground.word_of_token), taught, recipe)
    assert losses[-1] < losses[0] / 2
