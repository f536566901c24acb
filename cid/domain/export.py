"""A run as a file: in which formats, and what a file is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    """One long table: what it is about, its number, the field, the value."""
    CSV_ZIP = "csv.zip"
    """A table per kind of thing."""
    PDF = "pdf"
    STIX = "stix"


MIMES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.CSV_ZIP: "application/zip",
    Format.PDF: "application/pdf",
    # As the registry of media types has it (STIX 2.1, section 1.6.5 of TAXII 2.1).
    Format.STIX: "application/stix+json;version=2.1",
}
ENDINGS = {Format.STIX: "stix.json"}
"""Of file names, where it is not the format's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    name: str
    """In any script; nothing in it that file systems or headers trip over."""
    mime: str
    body: bytes
