"""Nothing that goes out is a table that a spreadsheet opens: no text that somebody wrote runs as a formula."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from server.openapi import document
from server.wire import JSON_TYPE, MSGPACK_TYPE

ROOT = Path(__file__).resolve().parent.parent
WRITES_TABLES = {"openpyxl", "xlsxwriter", "xlwt", "odf", "pandas", "tablib"}
NO_DOCUMENTS = ("/metrics", "/v1/inbox", "/v1/board")
SAMPLE = "ingest/sample_styles.py"
"""Invented lists as sites write them: what is read, not what goes out."""


def test_every_answer_of_every_route_is_json_or_msgpack() -> None:
    seen = 0
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                kinds = set(response.get("content", {}))
                assert kinds <= {JSON_TYPE, MSGPACK_TYPE} or path in NO_DOCUMENTS, (method, path, status, kinds)
                seen += bool(kinds)
    assert seen > 500


@pytest.mark.parametrize("package", ["matcher", "embeddings", "ingest", "server"])
def test_no_code_writes_tables(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else ""
                names = {(module or alias.name).partition(".")[0] for alias in node.names}
                assert not names & WRITES_TABLES, file
            if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter"):
                csv = isinstance(node.value, ast.Name) and node.value.id == "csv"
                assert not csv or file == ROOT / SAMPLE, file


def test_what_pages_save_is_json() -> None:
    saved = []
    for file in (ROOT / "server" / "pages").rglob("*.js"):
        saved += [line for line in file.read_text("utf-8").splitlines() if "new Blob(" in line]
    assert saved
    assert all('type: "application/json"' in line for line in saved)
