"""What the bytes of a picture are, read from its container alone: nothing here decodes a pixel.

JPEG (ISO/IEC 10918-1, annex B; Exif 2.32), PNG (W3C PNG, third edition) and WebP (RFC 9649). What is answered is the
same picture without what cameras and programs wrote beside it: places, serial numbers, names, thumbnails of what was
cut away. Colour profiles stay, and of Exif the one number that says which side is up.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cid.domain.llm import Json

LARGEST_SIDE = 12_000
LARGEST_AREA = 50_000_000
"""Pixels: a page that shows it must be able to decode it."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs"}
)
_JPEG_SIZES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ORIENTATION = 0x0112


class NoPicture(ValueError):
    """A sentence about what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Facts:
    mime: str
    width: int
    height: int
    body: bytes
    """Without what was written beside the picture."""


def read_picture(value: Json) -> Json:
    """{"body": base64} → {"mime", "width", "height", "body": base64} or {"error"}. Runs in a child."""
    try:
        facts = facts_of(b64decode(value["body"]))
    except NoPicture as error:
        return {"error": str(error)}
    except (struct.error, IndexError):
        return {"error": "The picture is cut off."}
    body = b64encode(facts.body).decode()
    return {"mime": facts.mime, "width": facts.width, "height": facts.height, "body": body}


def facts_of(body: bytes) -> Facts:
    """By the bytes, whatever the name or the sender says. Raises NoPicture, struct.error or IndexError."""
    if body.startswith(b"\xff\xd8\xff"):
        found = _jpeg(body)
    elif body.startswith(_PNG):
        found = _png(body)
    elif body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        found = _webp(body)
    else:
        raise NoPicture("This is no picture that can be used: JPEG, PNG and WebP are taken.")
    if not (0 < found.width <= LARGEST_SIDE and 0 < found.height <= LARGEST_SIDE):
        raise NoPicture(f"A side of the picture is longer than {LARGEST_SIDE} pixels, or has none.")
    if found.width * found.height > LARGEST_AREA:
        raise NoPicture(f"The picture has more than {LARGEST_AREA // 1_000_000} million pixels.")
    return found


def _jpeg(body: bytes) -> Facts:
    """Up to the end of the image: what follows it, such as a second picture, goes."""
    kept, size, turned = [body[:2]], None, 1
    for marker, start, end in _segments(body):
        part = body[start:end]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", part, 5)
            size = (width, height)
        if marker == 0xE1 and part[4:10] == b"Exif\0\0":
            turned = _turned(part[10:])
        if _kept_of_jpeg(marker, part):
            kept.append(part)
    if size is None:
        raise NoPicture("The picture does not say how large it is.")
    if turned != 1:
        kept.insert(1, _exif(turned))
    width, height = size if turned < 5 else size[::-1]
    return Facts("image/jpeg", width, height, b"".join(kept))


def _segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each, what a scan codes included, up to the mark of the image's end."""
    at = 2
    while True:
        if body[at] != 0xFF:
            raise NoPicture("The picture is damaged.")
        marker = body[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:
            yield marker, at, at + 2
            return
        (length,) = struct.unpack_from(">H", body, at + 2)
        end = at + 2 + length
        following = _MARKER.search(body, end) if marker == 0xDA else None
        if length < 2 or end > len(body) or (marker == 0xDA and following is None):
            raise NoPicture("The picture is cut off.")
        end = following.start() if following else end
        yield marker, at, end
        at = end


def _kept_of_jpeg(marker: int, part: bytes) -> bool:
    """Of the application segments JFIF's, the colour profile and Adobe's, without which colours are wrong."""
    if marker == 0xFE:
        return False
    if not 0xE0 <= marker <= 0xEF:
        return True
    names = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
    return marker in names and part[4:].startswith(names[marker])


def _turned(tiff: bytes) -> int:
    """Exif's orientation, 1 to 8: 1 is upright, from 5 on the picture lies on its side. 1 where it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for number in range(min(count, 200)):
            tag, _kind, _length, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _exif(turned: int) -> bytes:
    """A segment that says nothing but which side is up."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    content = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _png(body: bytes) -> Facts:
    kept, size = [_PNG], None
    for name, start, end in _chunks_of_png(body):
        if size is None:
            if name != b"IHDR":
                raise NoPicture("The picture is damaged.")
            size = struct.unpack_from(">II", body, start + 8)
        if name in _PNG_KEPT:
            kept.append(body[start:end])
    assert size is not None
    return Facts("image/png", size[0], size[1], b"".join(kept))


def _chunks_of_png(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each, up to the last that counts."""
    at = len(_PNG)
    while True:
        (length,) = struct.unpack_from(">I", body, at)
        name, end = body[at + 4 : at + 8], at + 12 + length
        if end > len(body):
            raise NoPicture("The picture is cut off.")
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def _webp(body: bytes) -> Facts:
    (length,) = struct.unpack_from("<I", body, 4)
    whole = body[: 8 + length]
    if len(whole) < 8 + length:
        raise NoPicture("The picture is cut off.")
    kept, size, at = [], None, 12
    while at + 8 <= len(whole):
        name, (length,) = whole[at : at + 4], struct.unpack_from("<I", whole, at + 4)
        start, end = at + 8, at + 8 + length
        if end > len(whole):
            raise NoPicture("The picture is cut off.")
        part = whole[at : end + length % 2]
        if name in {b"ANIM", b"ANMF"}:
            raise NoPicture("Moving pictures are not taken.")
        if size is None:
            size = _size_of_webp(name, whole, start)
        if name == b"VP8X":  # without the flags of Exif and XMP, whose chunks go
            part = part[:8] + bytes([part[8] & ~0x0C]) + part[9:]
        if name in {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP"}:
            kept.append(part)
        at = end + length % 2
    if size is None:
        raise NoPicture("The picture does not say how large it is.")
    content = b"WEBP" + b"".join(kept)
    return Facts("image/webp", size[0], size[1], b"RIFF" + struct.pack("<I", len(content)) + content)


def _size_of_webp(name: bytes, body: bytes, at: int) -> tuple[int, int] | None:
    """RFC 9649, sections 2.5 to 2.7."""
    if name == b"VP8X":
        wide, high = body[at + 4 : at + 7], body[at + 7 : at + 10]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, at + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        if body[at + 3 : at + 6] != b"\x9d\x01\x2a":
            raise NoPicture("The picture is damaged.")
        width, height = struct.unpack_from("<HH", body, at + 6)
        return width & 0x3FFF, height & 0x3FFF
    return None
