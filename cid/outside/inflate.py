"""Compressed bodies unpacked under one cap, whatever is declared about them."""

from __future__ import annotations

import zlib

from cid.domain.outside import HttpFailure, HttpTrouble

LAYERS = 2
"""Some servers compress what is compressed already."""

_GZIP, _ZLIB_OR_GZIP, _RAW = 31, 47, -15
_STEP = 1 << 18


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """At most `limit` bytes. `encoding` is the answer's Content-Encoding; a label on a plain body is forgiven.

    Raises HttpFailure: PACKING when the body is cut short, damaged or packed in a way nobody asked for, TOO_LARGE.
    """
    names = [name for name in (part.strip().lower() for part in encoding.split(",")) if name not in {"", "identity"}]
    if unknown := [name for name in names if name not in {"gzip", "x-gzip", "deflate"}]:
        raise HttpFailure(
            HttpTrouble.PACKING, f"The answer is compressed with {unknown[0][:20]}, which was not asked for."
        )
    if "deflate" in names and body and not _is_gzip(body):
        body = _deflated(body, limit)
    for _ in range(LAYERS):
        if not _is_gzip(body):
            break
        body = _inflated(body, _GZIP, limit)
    return body


def _is_gzip(body: bytes) -> bool:
    return body[:3] == b"\x1f\x8b\x08"


def _deflated(body: bytes, limit: int) -> bytes:
    """Servers disagree whether that name means zlib or the bare stream; some send neither."""
    if body[:1] == b"\x78":
        return _inflated(body, _ZLIB_OR_GZIP, limit)
    try:
        return _inflated(body, _RAW, limit)
    except HttpFailure as failure:
        if failure.trouble is HttpTrouble.TOO_LARGE or body.lstrip()[:1] not in {b"<", b"{"}:
            raise
        return body


def _inflated(body: bytes, window: int, limit: int) -> bytes:
    """All members of the stream. In steps, so that a bomb is noticed before it has gone off."""
    made = bytearray()
    rest = body
    while rest:
        stream = zlib.decompressobj(window)
        try:
            while rest and not stream.eof:
                made += stream.decompress(rest, _STEP)
                rest = stream.unconsumed_tail
                if len(made) > limit:
                    raise too_large(limit)
            made += stream.flush()
        except zlib.error:
            raise HttpFailure(HttpTrouble.PACKING, "The answer is damaged: it cannot be decompressed.") from None
        if not stream.eof:
            raise HttpFailure(HttpTrouble.PACKING, "The answer was cut short in the middle of its compression.")
        rest = stream.unused_data
        if rest and not _is_gzip(rest):
            break  # padding after the last member, as gzip itself ignores it
    if len(made) > limit:
        raise too_large(limit)
    return bytes(made)


def too_large(limit: int) -> HttpFailure:
    return HttpFailure(HttpTrouble.TOO_LARGE, f"The answer is larger than {limit / 1e6:g} MB.")
