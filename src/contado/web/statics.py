"""Files under /static/: own ones, vendor ones, and the two that are made from data.

An address carries the hash of the content, so that a browser may keep it for ever; without the hash the
answer must be asked for again. Compressed bytes are kept in memory: the files are few and do not change.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.responses import Response

from contado.web import style

__all__ = ["STATIC", "StaticFile", "address", "answer", "find", "icons", "kept", "sent"]

STATIC = Path(__file__).parent / "static"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
ICONS = (
    *("burger", "calendar", "clip", "copy", "download", "file-csv", "folder", "link", "map-marker"),
    *("plug", "print", "search", "user", "chevron-left", "chevron-right", "warning-circle"),
    *("arrow-left", "camera", "wifi"),
)
"""Symbols taken from the sprite of bootstrap-italia."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """Bytes of a static file, plain and compressed, with its media type and hash."""

    plain: bytes
    packed: bytes | None
    media_type: str
    tag: str


@cache
def _names() -> frozenset[str]:
    """Return the addresses that exist: what was asked for is compared with them, never opened."""
    files = (p.relative_to(STATIC).as_posix() for p in STATIC.rglob("*") if p.is_file())
    return frozenset({"tokens.css", "icons.svg", *files})


def find(path: str) -> StaticFile | None:
    """Return the static file at ``path`` (relative, as in the address), or None."""
    return _load(path) if path in _names() else None


@cache
def _load(path: str) -> StaticFile:
    content = _content(path)
    suffix = Path(path).suffix
    media_type = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return kept(content, media_type, pack=suffix not in {".woff2", ".png"})


def kept(content: bytes, media_type: str, *, pack: bool = True) -> StaticFile:
    """Return bytes that are sent many times, packed once and for all."""
    packed = _packed(content) if pack else None
    return StaticFile(content, packed, media_type, hashlib.sha256(content).hexdigest()[:16])


_SMALL = 50_000
"""Bytes up to which every last one is looked for."""


def _packed(content: bytes) -> bytes:
    """Pack by libdeflate, a fiftieth smaller than zlib's best; on large files the last level takes seconds."""
    import deflate

    return bytes(deflate.gzip_compress(content, 12 if len(content) < _SMALL else 9))


def _content(path: str) -> bytes:
    if path == "tokens.css":
        return (_fonts() + style.style_sheet()).encode()
    if path == "icons.svg":
        return icons().encode()
    target = STATIC / path
    content = target.read_bytes()
    own = "vendor" not in target.relative_to(STATIC).parts
    return (
        _squeezed(content.decode(), target.suffix).encode()
        if own and target.suffix in {".css", ".js"}
        else content
    )


def _squeezed(text: str, suffix: str) -> str:
    """Leave out comments and indentation, which readers of the source want and browsers do not."""
    if suffix == ".js":
        lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
        code = "\n".join(line for line in lines if line)
        return "".join(p if p[:1] in set("\"'`") else _joined(p) for p in _TEXTS.split(code))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,>]) ?| (?=!)", r"\1", text).replace(": ", ":").replace(";}", "}").strip()


def _joined(code: str) -> str:
    """Leave out the spaces and line ends that code needs no more than its indentation."""
    return _LINE_ENDS.sub(r"\1\2", _CODE.sub(r"\1", code))


_COMMENT = re.compile(r"(?:^|\s)\s*// .*")
"""A comment, after code too (no text of our modules holds two strokes between spaces)."""
_TEXTS = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)""")
"""String and template literals of our modules, which stay as they are (no template holds another)."""
_CODE = re.compile(r" ?([=<>?:&|,;(){}\[\]!*+]) ?")
"""Signs that need no space around them (our modules write no sign before a number after a plus)."""
_LINE_ENDS = re.compile(r"([;{,(\[])\n|\n([})\]?:.])")
"""Line ends that end no statement."""


def _fonts() -> str:
    """Return the font faces with the addresses that pages preload, so that each is fetched once."""
    rule = '@font-face{{font-family:"Titillium Web";font-weight:{0};font-display:swap;src:url("{1}") format("woff2")}}\n'
    return "".join(rule.format(w, address(f"vendor/fonts/titillium-web-{w}.woff2")) for w in (400, 600, 700))


def icons() -> str:
    """Return our own signs and the few symbols that the pages use out of bootstrap-italia's sprite.

    Raises
    ------
    LookupError
        The sprite lacks a symbol that the pages ask for.
    """
    own = (STATIC / "signs.svg").read_text(encoding="utf-8")
    sprite = STATIC / "vendor/svg/sprites.svg"
    taken = ""
    if sprite.is_file():
        pattern = r'<symbol id="it-([\w-]+)".*?</symbol>'
        found = {m[1]: m[0] for m in re.finditer(pattern, sprite.read_text(encoding="utf-8"), re.DOTALL)}
        if missing := sorted(set(ICONS) - set(found)):
            raise LookupError(f"bootstrap-italia's sprite lacks {', '.join(missing)}")
        taken = "".join(found[name] for name in ICONS)
    return own.replace("</svg>", f"{taken}</svg>")


def address(path: str) -> str:
    """Return the address of a static file with its hash; without the file, the bare address."""
    file = find(path)
    return f"/static/{path}?h={file.tag}" if file else f"/static/{path}"


def answer(path: str, *, hashed: str | None, accept: str, if_none_match: str | None) -> Response:
    """Return the file, compressed where the browser takes it, with the caching its address allows."""
    file = find(path)
    if file is None:
        return Response(status_code=404)
    fresh = "public, max-age=31536000, immutable" if hashed == file.tag else "no-cache"
    return sent(file, fresh=fresh, accept=accept, if_none_match=if_none_match)


def sent(file: StaticFile, *, fresh: str, accept: str, if_none_match: str | None) -> Response:
    """Return a file, compressed where the browser takes it; ``fresh`` is how long it may be kept."""
    headers = {"etag": f'"{file.tag}"', "cache-control": fresh, "vary": "accept-encoding"}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    body = file.plain
    if file.packed is not None and "gzip" in accept:
        body, headers["content-encoding"] = file.packed, "gzip"
    return Response(body, media_type=file.media_type, headers=headers)
