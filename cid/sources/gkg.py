"""GDELT's Global Knowledge Graph 2.1: a zipped table for each quarter of an hour, a row for each article of the press.

27 columns, parted by tabs, in the order of the GKG 2.1 codebook. Those used, from 0: 1 when read, 2 where it comes
from (1 is the web), 4 address, 7 themes, 9 places (`type#name#FIPS country#…`), 11 persons, 13 organisations, 23 names
(`name,offset`), 25 translation (`srclc:rus;…`), 26 extras (`<PAGE_TITLE>…`). Lists are parted by semicolons.
Column 1 is when GDELT read the article; when it was published stands in the extras of some.

Everything here runs in a child.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from cid.domain.llm import Json
from cid.text import countries, queries, urls
from cid.text.clean import TITLE_LIMIT, line
from cid.text.words import words

COLUMNS = 27
UNPACKED = 600_000_000
LONGEST_ROW = 4_000_000
NAMES = 150
ENTRIES = 1000
_EXTRA = re.compile(r"<(PAGE_TITLE|PAGE_AUTHORS|PAGE_PRECISEPUBTIMESTAMP)>(.*?)</\1>", re.DOTALL)
_FIPS = """
    AD:AN AG:AC AI:AV AQ:AY AS:AQ AT:AU AU:AS AW:AA AZ:AJ BA:BK BD:BG BF:UV BG:BU BH:BA BI:BY BJ:BN BL:TB BM:BD
    BN:BX BO:BL BS:BF BW:BC BY:BO BZ:BH CC:CK CD:CG CF:CT CG:CF CH:SZ CI:IV CK:CW CL:CI CN:CH CR:CS CW:UC CX:KT
    CZ:EZ DE:GM DK:DA DM:DO DO:DR DZ:AG EE:EN EH:WI ES:SP GA:GB GB:UK GD:GJ GE:GG GF:FG GG:GK GM:GA GN:GV GQ:EK
    GS:SX GU:GQ GW:PU HN:HO HT:HA IE:EI IL:IS IQ:IZ IS:IC JP:JA KH:CB KI:KR KM:CN KN:SC KP:KN KR:KS KW:KU KY:CJ
    LB:LE LC:ST LI:LS LK:CE LR:LI LS:LT LT:LH LV:LG MA:MO MC:MN ME:MJ MF:RN MG:MA MH:RM MM:BM MN:MG MO:MC MP:CQ
    MQ:MB MS:MH MU:MP MW:MI NA:WA NE:NG NG:NI NI:NU NU:NE OM:MU PA:PM PF:FP PG:PP PH:RP PM:SB PN:PC PR:RQ
    PS:GZ+WE PT:PO PW:PS PY:PA RS:RI+RB RU:RS SB:BP SC:SE SD:SU SE:SW SG:SN SJ:SV+JN SK:LO SN:SG SR:NS SS:OD
    ST:TP SV:ES SX:NN SZ:WZ TC:TK TD:CD TF:FS TG:TO TJ:TI TK:TL TL:TT TM:TX TN:TS TO:TN TR:TU TT:TD UA:UP VA:VT
    VG:VI VI:VQ VN:VM VU:NH XK:KV YE:YM YT:MF ZA:SF ZM:ZA ZW:ZI
"""
FIPS = {iso: codes.split("+") for iso, codes in (pair.split(":") for pair in _FIPS.split())}
"""ISO 3166-1 alpha-2 → FIPS 10-4, by which GDELT names countries, where the two differ."""


class _Unfit(Exception):
    """The file is not what it should be."""


def digest_gkg(value: Json) -> Json:
    """{"path", "md5": hex or empty} → {"rows": base64 of a deflated list, "articles", "odd": rows that are none}, or
    {"error": sentence}. What an article is found by, and nothing else of it."""
    path = Path(value["path"])
    if value["md5"] and _md5(path) != value["md5"]:
        return {"error": "A file of GDELT is not the one that its list names (md5)."}
    packer = zlib.compressobj(6)
    kept: list[bytes] = []
    articles = odd = 0
    try:
        for row in _rows(path):
            columns = row.rstrip(b"\r").split(b"\t")
            if len(columns) != COLUMNS:
                odd += bool(row.strip())
            elif article := _article(columns):
                articles += 1
                kept.append(packer.compress(json.dumps(article, ensure_ascii=False).encode() + b"\n"))
    except (_Unfit, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        return {"error": "A file of GDELT is damaged."}
    if odd > articles:
        return {"error": "A file of GDELT is not the table that it should be."}
    kept.append(packer.flush())
    return {"rows": b64encode(b"".join(kept)).decode(), "articles": articles, "odd": odd}


def filter_gkg(value: Json) -> Json:
    """{"path" of what `digest_gkg` made, "query", "theme", "country", "language"} → {"entries": [...], "read", "more"}.

    An article is found by whole words of its title, and of the persons, organisations, places and names in it, which
    GDELT has in English. `more`: how many were found beyond the first ENTRIES.
    """
    query = queries.parse(value["query"])
    places = frozenset(FIPS.get(value["country"], [value["country"]])) if value["country"] else frozenset()
    entries: list[Json] = []
    read = more = 0
    for raw in zlib.decompress(Path(value["path"]).read_bytes()).splitlines():
        article = json.loads(raw)
        read += 1
        if (
            (value["theme"] and value["theme"] not in article["themes"])
            or (places and places.isdisjoint(article["places"]))
            or (value["language"] and value["language"] != article["language"])
            or not query.found(text.split() for text in article["words"])
        ):
            continue
        if len(entries) < ENTRIES:
            entries.append({name: article[name] for name in ("url", "title", "author", "published", "language")})
        else:
            more += 1
    return {"entries": entries, "read": read, "more": more}


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _rows(path: Path) -> Iterator[bytes]:
    """Unpacked piece by piece. Raises _Unfit; the zip's own checksum is compared at its end."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise _Unfit
        with archive.open(names[0]) as file:
            yield from _lines(file)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    read, rest = 0, b""
    while piece := file.read(1 << 20):
        read += len(piece)
        if read > UNPACKED or len(rest) > LONGEST_ROW:
            raise _Unfit
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _article(columns: list[bytes]) -> Json | None:
    """None for what is not on the web, or has no title."""
    cells = [columns[at].decode("utf-8", "replace") for at in (1, 2, 4, 7, 9, 11, 13, 23, 25, 26)]
    read, collection, address, themes, places, persons, organisations, names, translation, extras = cells
    extra = dict(_EXTRA.findall(extras))
    url = urls.canonical(address) if collection == "1" else ""
    title = line(html.unescape(extra.get("PAGE_TITLE", "")), TITLE_LIMIT)
    if not url or not title:
        return None
    located = [place.split("#") for place in places.split(";") if place.count("#") >= 2]
    named = (
        *persons.split(";"),
        *organisations.split(";"),
        *(place[1] for place in located),
        *(name.rpartition(",")[0] for name in names.split(";")),
    )
    return {
        "url": url,
        "title": title,
        "author": line(html.unescape(extra.get("PAGE_AUTHORS", "")).replace(";", ", "), 200),
        "published": _published(extra.get("PAGE_PRECISEPUBTIMESTAMP", ""), read),
        "language": _language(translation),
        "themes": sorted(filter(None, set(themes.split(";")))),
        "places": sorted({place[2] for place in located}),
        "words": [" ".join(words(text)) for text in (title, *_distinct(named))],  # folded once, for all who look
    }


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name[:200] for name in names if name.strip()))[:NAMES]


def _language(translation: str) -> str:
    """Articles in English are not translated and say nothing."""
    if not translation.strip():
        return "en"
    source = re.match(r"srclc:([a-z]{2,3})\b", translation)
    return countries.language(source[1]) if source else ""


def _published(said: str, read: str) -> str | None:
    """ISO 8601. None for what is no moment, or lies a day or more after that at which GDELT read it."""
    at, limit = _moment(said), _moment(read)
    return at.isoformat() if at and limit and at.year >= 1990 and at <= limit + timedelta(days=1) else None


def _moment(stamp: str) -> datetime | None:
    """`YYYYMMDDHHMMSS` in UTC."""
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r'\\(?:\\|(?!["/bfnrtu]))')


def parse_gdelt_search(value: Json) -> Json:
    """{"body": base64 of what the DOC API answers} → {"articles": [...], "nameless"}, or {"error", "limit": bool}.

    Its errors come as text with status 200, and its JSON holds control characters and escapes that JSON forbids.
    """
    text = b64decode(value["body"]).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        said = line(re.sub(r"<[^>]*>", " ", text[:2000]), 150)
        return {"error": f"GDELT says: {said}", "limit": "limit requests" in text[:2000].lower()}
    try:
        answer = json.loads(_mended(text))
        listed = answer.get("articles", [])
        articles = [made for each in listed if isinstance(each, dict) and (made := _listed(each))]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {"error": "GDELT's answer is no JSON.", "limit": False}
    return {"articles": articles, "nameless": len(listed) - len(articles)}


def _mended(text: str) -> str:
    text = _CONTROL.sub(" ", text)
    return _BAD_ESCAPE.sub(lambda found: found[0] if len(found[0]) == 2 else "\\\\", text)


def _listed(article: Json) -> Json | None:
    """`seendate` is when GDELT read it, and is passed over."""
    url = urls.canonical(str(article.get("url", "")))
    title = line(html.unescape(str(article.get("title", ""))), TITLE_LIMIT)
    if not url or not title:
        return None
    return {
        "url": url,
        "title": title,
        "author": "",
        "published": None,
        "language": countries.language(str(article.get("language", ""))),
    }
