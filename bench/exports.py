"""Every export of one run in Russian, made and read back by a strict reader: a JSON line per format.

    python -m bench.exports [FOLDER]

With a folder the files are kept there, and the first two pages of the PDF as pictures.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TypeAlias

import pypdfium2
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from cid.domain.export import ENDINGS, Format
from cid.render.briefing_csv import briefing_csv, briefing_csv_zip
from cid.render.briefing_json import briefing_json, schema
from cid.render.briefing_pdf import briefing_pdf
from cid.render.briefing_stix import briefing_stix
from tests import russian_run as made
from tests.stix import validated

TENANT, AT, TIMES = "Институт медиа", made.NOW + timedelta(hours=1), 5


def _json(body: bytes) -> dict[str, object]:
    Draft202012Validator(schema()).validate(json.loads(body))
    return {"valid": True, "parts": len(json.loads(body))}


def _rows(text: str) -> int:
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    return len(rows)


def _csv(body: bytes) -> dict[str, object]:
    return {"rows": _rows(body.decode("utf-8-sig")), "formulas": 0}


def _zip(body: bytes) -> dict[str, object]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {"rows": {name: _rows(archive.read(name).decode()) for name in archive.namelist()}, "formulas": 0}


def _pdf(body: bytes) -> dict[str, object]:
    reader = PdfReader(io.BytesIO(body), strict=True)
    said = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    assert "“Мы готовы к работе круглый год”" in said
    again = body == briefing_pdf(made.dossier(), tenant=TENANT)
    return {"pages": len(reader.pages), "letters": len(said), "outline": len(reader.outline), "same bytes": again}


def _stix(body: bytes) -> dict[str, object]:
    errors, warnings = validated(body)
    other = json.loads(briefing_stix(made.dossier(), tenant=TENANT, at=AT + timedelta(days=1)))
    one = json.loads(body)
    for thing in (*one["objects"], *other["objects"]):
        thing.pop("modified", None)
    random = sum("{103}" in warning for warning in warnings)
    return {
        "objects": len(one["objects"]),
        "errors": len(errors),
        "warnings": len(warnings) - random,
        "ids that are not random, as meant": random,
        "differs in modified alone": one == other,
    }


Make: TypeAlias = Callable[[], bytes]
Read: TypeAlias = Callable[[bytes], dict[str, object]]
FORMATS: dict[Format, tuple[Make, Read]] = {
    Format.JSON: (lambda: briefing_json(made.dossier(), tenant=TENANT, at=AT), _json),
    Format.CSV: (lambda: briefing_csv(made.dossier(), tenant=TENANT), _csv),
    Format.CSV_ZIP: (lambda: briefing_csv_zip(made.dossier(), tenant=TENANT), _zip),
    Format.PDF: (lambda: briefing_pdf(made.dossier(), tenant=TENANT), _pdf),
    Format.STIX: (lambda: briefing_stix(made.dossier(), tenant=TENANT, at=AT), _stix),
}


def _seconds(make: Make) -> float:
    """Of the processor, so that neighbours do not count."""
    began = time.process_time()
    make()
    return time.process_time() - began


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for form, (make, read) in FORMATS.items():
        first, later = _seconds(make), median(_seconds(make) for _ in range(TIMES))
        body = make()
        told = {"format": form, "bytes": len(body), "first_ms": round(first * 1000), "later_ms": round(later * 1000, 1)}
        print(json.dumps(told | read(body), ensure_ascii=False), flush=True)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"run.{ENDINGS.get(form, form)}").write_bytes(body)
            if form is Format.PDF:
                for number in range(2):
                    page = pypdfium2.PdfDocument(body)[number]
                    page.render(scale=1.5).to_pil().save(folder / f"page{number + 1}.png")


if __name__ == "__main__":
    main()
