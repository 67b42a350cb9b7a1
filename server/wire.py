"""The two wire formats, JSON and msgpack, of the same types: what comes in is checked, what goes out is negotiated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar

import msgspec
from aiohttp import web

from matcher import codec
from matcher.errors import KuaizhaoError

T = TypeVar("T")
Format = Literal["json", "msgpack"]

JSON_TYPE: Final = "application/json"
MSGPACK_TYPE: Final = "application/msgpack"
CONTENT_TYPES: Final[dict[Format, str]] = {"json": JSON_TYPE, "msgpack": MSGPACK_TYPE}
_FORMATS: Final[dict[str, Format]] = {
    JSON_TYPE: "json",
    MSGPACK_TYPE: "msgpack",
    "application/x-msgpack": "msgpack",
    "application/vnd.msgpack": "msgpack",
    "application/*": "json",
    "*/*": "json",
}


@lru_cache(maxsize=256)
def negotiated(accept: str) -> Format:
    """The format that an Accept header wants most; JSON without one. Raises `not_acceptable`."""
    best: tuple[float, Format] | None = None
    for part in accept.split(","):
        media, *parameters = part.strip().lower().split(";")
        wanted = _FORMATS.get(media.strip()) if media.strip() else None
        quality = _quality(parameters)
        if wanted is not None and quality > 0 and (best is None or quality > best[0]):
            best = quality, wanted
    if best is not None:
        return best[1]
    if accept.strip():
        raise KuaizhaoError("not_acceptable")
    return "json"


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def format_of(request: web.Request) -> Format:
    """The negotiated format of the answer. Raises `not_acceptable`."""
    return negotiated(request.headers.get("Accept", ""))


def encode(value: Any, wire_format: Format) -> bytes:
    """A type of the API, or plain values, on the wire."""
    return msgspec.json.encode(value) if wire_format == "json" else codec.pack(value)


def decode(body: bytes, wire_format: Format) -> Any:
    """Plain values. Raises `bad_body` where the body is not of the format."""
    try:
        return msgspec.json.decode(body) if wire_format == "json" else codec.unpack(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise KuaizhaoError("bad_body", wire_format) from exc


def typed(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """The value as the type. Raises `bad_field` that names the field and what it should be."""
    try:
        return msgspec.convert(value, kind, strict=strict)
    except (msgspec.ValidationError, RecursionError) as exc:
        raise KuaizhaoError("bad_field", in_words(str(exc))) from exc


async def read(request: web.Request, kind: type[T]) -> T:
    """The request's body as the type. Raises `unsupported_media`, `too_large`, `bad_body` or `bad_field`.

    What its headers already rule out is not read."""
    wire_format = _FORMATS.get(request.content_type)
    if wire_format is None or "*" in request.content_type:
        raise KuaizhaoError("unsupported_media", request.content_type)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise KuaizhaoError("unsupported_media", "Content-Encoding")
    if (request.content_length or 0) > request.client_max_size:
        raise KuaizhaoError("too_large")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as exc:
        raise KuaizhaoError("too_large") from exc
    except (web.RequestPayloadError, ConnectionError) as exc:  # cut off, or not the encoding that it says
        raise KuaizhaoError("bad_body", "incomplete") from exc
    return typed(decode(body, wire_format), kind)


def read_query(query: Mapping[str, str], kind: type[T]) -> T:
    """The query as the type; numbers are read from their digits. Raises `bad_field`."""
    return typed(dict(query), kind, strict=False)


def answer(request: web.Request, value: Any, status: int = 200) -> web.Response:
    """The value in the negotiated format."""
    wire_format = format_of(request)
    return web.Response(body=encode(value, wire_format), status=status, content_type=CONTENT_TYPES[wire_format])


def refusal(request: web.Request, error: KuaizhaoError) -> web.Response:
    """The refusal in the negotiated format (JSON where that is what failed), with Retry-After for 429 and 503."""
    try:
        wire_format = format_of(request)
    except KuaizhaoError:
        wire_format = "json"
    response = web.Response(
        body=encode(error.as_dict(), wire_format), status=error.status, content_type=CONTENT_TYPES[wire_format]
    )
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


# -- validation errors in the words of the person who reads them -------------------------------------------------------

_KINDS: Final = {
    "int": "整数",
    "float": "数字",
    "str": "文字",
    "bool": "true 或 false",
    "object": "一组内容",
    "array": "列表",
    "date": "日期(年-月-日)",
    "null": "空",
}
_SENTENCES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL), "没有“{0}”这一项"),
    (re.compile(r"^Object missing required field `(.*)`$"), "缺少“{0}”"),
    (re.compile(r"^Expected `(.*)`, got `(.*)`$"), "应为{0},收到的是{1}"),
    (re.compile(r"^Expected `(?:array|str)` of length (.*)$"), "长度应 {0}"),
    (re.compile(r"^Expected `(?:int|float)` (.*)$"), "数值应 {0}"),
    (re.compile(r"^Expected `str` matching regex (.*)$"), "格式不对"),
    (re.compile(r"^Invalid enum value (.*)$", re.DOTALL), "没有 {0} 这个选项"),
    (re.compile(r"^Invalid RFC3339 .*$"), "应为日期,如 1980-05-01"),
)


def _kinds_in_words(text: str) -> str:
    return "或".join(_KINDS.get(kind.strip(), kind.strip()) for kind in text.split("|"))


def in_words(problem: str) -> str:
    """msgspec's sentence in Chinese, after the path of the field: `pay.fen 应为整数,收到的是文字`."""
    what, _, path = problem.partition(" - at `$")
    path = path.removesuffix("`").lstrip(".")
    for pattern, words in _SENTENCES:
        found = pattern.match(what)
        if found is not None:
            groups = [_kinds_in_words(g) if words.startswith("应为") else g for g in found.groups()]
            what = words.format(*groups)
            break
    return f"{path} {what}" if path else what
