"""Pictures made of nothing but their containers: what is read of a picture is no more than that."""

from __future__ import annotations

import struct
import zlib


def jpeg(width: int = 600, height: int = 400, *, turned: int = 1, secret: bytes = b"", rest: bytes = b"") -> bytes:
    """With Exif that says which side is up and, where there is one, a secret such as a place."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, turned, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0) + secret
    parts = [
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        _segment(0xE1, b"Exif\0\0" + tiff),
        _segment(0xFE, b"made by " + secret),
        _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"),
        _segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56",
    ]
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xd9" + rest


def png(width: int = 600, height: int = 400, *, secret: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tEXt", b"Comment\0" + secret), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def webp(width: int = 600, height: int = 400, *, secret: bytes = b"", moving: bool = False) -> bytes:
    flags = 0x0C | (0x02 if moving else 0)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    head = bytes([flags, 0, 0, 0]) + sides
    chunks = [(b"VP8X", head), (b"VP8L", b"\x2f\0\0\0\0"), (b"EXIF", secret), (b"XMP ", secret)]
    if moving:
        chunks.append((b"ANIM", b"\0" * 6))
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
