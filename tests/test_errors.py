"""Every refusal that code can give is in the table, and the table holds nothing that nobody gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from matcher.errors import TABLE, KuaizhaoError, Overloaded, StoreUnavailable

ROOT = Path(__file__).resolve().parent.parent
LUA = re.compile(r"refuse\('(\w+)'[,)]")
LUA_TABLES = re.compile(r"= '(offer_\w+)'")
PYTHON = re.compile(r"KuaizhaoError\(\s*\"(\w+)\"")


def codes_in_lua() -> set[str]:
    """Codes that the store's functions answer with."""
    text = "\n".join(f.read_text("utf-8") for f in (ROOT / "matcher" / "functions").glob("*.lua"))
    return set(LUA.findall(text)) | set(LUA_TABLES.findall(text))


def python_sources() -> str:
    """Everything that we ship in Python, but the table itself."""
    folders = ("matcher", "ingest", "embeddings", "server", "loadtest")
    files = (f for folder in folders for f in (ROOT / folder).rglob("*.py") if f.name != "errors.py")
    return "\n".join(f.read_text("utf-8") for f in files)


def test_every_code_of_the_functions_is_in_the_table() -> None:
    codes = codes_in_lua()
    assert len(codes) > 15
    assert codes <= set(TABLE)


def test_every_code_raised_in_python_is_in_the_table() -> None:
    assert set(PYTHON.findall(python_sources())) <= set(TABLE)


def test_the_table_holds_no_code_that_nobody_gives() -> None:
    given = codes_in_lua() | set(re.findall(r"\"(\w+)\"", python_sources())) | {"store_unavailable", "overloaded"}
    assert set(TABLE) <= given


@pytest.mark.parametrize("code", TABLE)
def test_every_refusal_has_a_status_and_a_chinese_sentence(code: str) -> None:
    error = KuaizhaoError(code, "细节")
    assert 400 <= error.status < 600
    assert re.search(r"[\u4e00-\u9fff]", error.message)
    assert "{" not in error.message
    assert error.as_dict() == {"error": {"code": code, "message": error.message, "detail": "细节"}}
    assert (error.retry_after_s is not None) == (error.status in (429, 503))


def test_the_detail_is_in_the_sentence_where_it_has_a_place() -> None:
    assert "工种甲" in KuaizhaoError("bad_trade", "工种甲").message
    assert str(KuaizhaoError("stale_wave")) == "stale_wave"
    assert str(KuaizhaoError("bad_trade", "工种甲")) == "bad_trade: 工种甲"


def test_what_can_be_tried_again_says_when() -> None:
    assert (StoreUnavailable("gone").status, StoreUnavailable().retry_after_s) == (503, 2)
    assert (Overloaded("queue").status, Overloaded().retry_after_s) == (503, 1)


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        KuaizhaoError("no_such_code")
