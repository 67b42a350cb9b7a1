"""Inner loops compiled by numba: they hold no GIL, and what was compiled is kept on disk for the next start.

Numba alone would keep code whose inlined parts have changed since, for it looks at one source file only. So it is kept
in a folder named by the fingerprint of all of this package's sources: another version never finds it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core import config, types
from numba.extending import intrinsic

from matcher.parent import die_with_parent

F = TypeVar("F", bound=Callable[..., Any])
PACKAGE: Final = Path(__file__).parent
_INLINED: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "forceinline": True, "_nrt": False}
ir: Any = import_module("llvmlite.ir")  # without stubs, as the next one
cgutils: Any = import_module("numba.core.cgutils")
CACHE_LINE: Final = 64
WHOLE: Final = f"whole-{sys.implementation.cache_tag}-numba-{numba.__version__}"
"""The file that says that every kernel is on disk: what another Python or numba has compiled does not count."""
KERNELS: Final[list[Any]] = []
"""Everything that Python calls; `plan.warm` compiles them all."""


def inner(function: F) -> F:
    """A function that only compiled code calls, many times, and that makes no arrays: it becomes a part of its callers,
    and references to the arrays handed down are not counted (a search took ten to fifty times as long when they
    were)."""
    return cast(F, numba.njit(function, **_INLINED))


def stage(function: F) -> F:
    """A function that only compiled code calls, once or twice, and that may make arrays."""
    return cast(F, numba.njit(function, nogil=True, error_model="numpy"))


def kernel(function: F) -> F:
    """A compiled function that Python calls; compiled at its first call, or found on disk."""
    compiled = numba.njit(function, nogil=True, error_model="numpy")
    if _beside_the_sources is not None:
        _keep(compiled, _beside_the_sources)
    KERNELS.append(compiled)
    return cast(F, compiled)


@intrinsic
def _prefetch(typing_context: Any, table: Any, row: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        held = context.make_array(kind)(context, builder, args[0])
        begin = builder.bitcast(
            cgutils.get_item_pointer(context, builder, kind, held, [args[1]], wraparound=False), cgutils.voidptr_t
        )
        takes = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, *[cgutils.int32_t] * 3])
        prefetch = cgutils.get_or_insert_function(builder.module, takes, "llvm.prefetch.p0i8")
        to_read, in_every_cache, data = (cgutils.int32_t(n) for n in (0, 3, 1))
        for offset in range(0, context.get_abi_sizeof(context.get_data_type(kind.dtype)), CACHE_LINE):
            line = builder.gep(begin, [cgutils.int32_t(offset)])
            builder.call(prefetch, [line, to_read, in_every_cache, data])
        return context.get_dummy_value()

    return types.void(table, row), code


fetch_early: Final = cast("Callable[[Any, Any], None]", _prefetch)
"""Called with a table and a row that is looked at soon: asks the memory for it. Rows picked out of a large table come
at a tenth of a microsecond each; asked for early they come while others are looked at."""


def keep_in(folder: str | Path) -> None:
    """Keeps the code of the kernels in `folder` where it cannot be kept beside the sources; call it before the first
    one runs."""
    place = None if _beside_the_sources is not None else _place(Path(folder))
    if place is not None:
        for compiled in KERNELS:
            _keep(compiled, place)


def compile_apart(folder: str | Path) -> None:
    """Has a process of its own compile what is not on disk yet, for the compiler keeps some 270 MB of whoever it has
    worked for; what is on disk takes half a second to read. Where that fails, the first calls compile.

    Call it after `keep_in`, from the main thread and before other threads run.
    """
    place = _beside_the_sources or _place(Path(folder))
    if place is None or (done := place / WHOLE).exists():
        return
    words = "import sys; from matcher import compiled, plan; compiled.keep_in(sys.argv[1]); plan.warm()"
    command = [sys.executable, "-c", words, str(folder)]
    if subprocess.run(command, preexec_fn=die_with_parent, check=False).returncode == 0:
        done.touch()


def _keep(compiled: Any, place: Path) -> None:
    config.CACHE_DIR = str(place)  # type: ignore[attr-defined]  # set by numba while it reads the environment
    compiled.enable_caching()


def _place(folder: Path) -> Path | None:
    """The folder for this version's code within `folder`, without those of other versions; None where nothing can be
    written."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(PACKAGE.glob("*.py")):
        digest.update(source.read_bytes())
    place = folder / f"kernels-{digest.hexdigest()}"
    try:
        if not place.is_dir():
            for other in folder.glob("kernels-*"):
                shutil.rmtree(other, ignore_errors=True)
            place.mkdir(parents=True)
    except OSError:
        return None
    return place if os.access(place, os.W_OK) else None


_beside_the_sources: Final = _place(PACKAGE / "__pycache__")
