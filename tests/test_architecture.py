"""What docs/architecture.md promises of the house: which way imports run, what is packaged, what is attributed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("matcher", "embeddings", "ingest", "server", "loadtest")
MAY_IMPORT = {
    "matcher": {"matcher"},
    "embeddings": {"embeddings", "matcher"},
    "ingest": {"ingest", "embeddings", "matcher"},
    "server": {"server", "ingest", "embeddings", "matcher"},
    "loadtest": {"loadtest", "server", "ingest", "matcher"},
}
# the command line is the one place that starts what is above it
EXCEPTIONS = {("server/cli.py", "loadtest")}


def project() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        wrong = (imported(path) & set(PACKAGES)) - MAY_IMPORT[package]
        wrong -= {other for file, other in EXCEPTIONS if file == name}
        assert not wrong, f"{name} imports {wrong}"


@pytest.mark.parametrize(
    ("module", "more"),
    [("matcher.process", ()), ("server.app", ("faiss", "numba")), ("ingest.collect_command", ("faiss", "numba"))],
)
def test_a_process_loads_nothing_large_that_another_needs(module: str, more: tuple[str, ...]) -> None:
    heavy = ("torch", "transformers", "sentence_transformers", *more)
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_package_and_data_file_is_packaged() -> None:
    tool = project()["tool"]["setuptools"]  # type: ignore[index]
    folders = {
        p.parent.relative_to(ROOT).as_posix().replace("/", ".") for top in PACKAGES for p in (ROOT / top).rglob("*.py")
    }
    assert set(tool["packages"]) == folders
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    for name in tracked.split("\n"):
        path = Path(name)
        if not name or path.suffix in (".py", ".md") or path.parts[0] == "loadtest":
            continue
        patterns = [
            f"{package.replace('.', '/')}/{pattern}"
            for package, some in tool["package-data"].items()
            for pattern in some
        ]
        assert any(fnmatch(name, pattern.replace("**", "*")) for pattern in patterns), f"{name} is not packaged"


def test_notice_names_every_dependency_with_its_licence() -> None:
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    asked: dict[str, Any] = project()["project"]
    for requirement in [*asked["dependencies"], *chain(*asked["optional-dependencies"].values())]:
        name = re.split(r"[<>=]", requirement)[0]
        assert re.search(rf"[ ,]{re.escape(name)} \([A-Z][^)]+\)", notice), f"NOTICE does not say {name}'s licence"


def test_versions_are_locked_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE)
    for requirement in project()["project"]["dependencies"]:  # type: ignore[union-attr]
        name = re.split(r"[<>=]", str(requirement))[0]
        assert name == "torch" or name in pinned, f"{name} is not locked"
    assert lock.count("--hash=sha256:") > len(pinned)


def test_every_make_target_says_what_it_does_and_readme_names_the_two_commands_first() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("run", "demo", "sample", "test", "check", "lock", "clean"):
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target
    for readme in ("README.md", "README.zh-CN.md"):
        first = (ROOT / readme).read_text("utf-8").splitlines()[:6]
        assert any("make run" in line for line in first), readme
        assert any("make test" in line for line in first), readme
