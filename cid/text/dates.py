"""Dates as feeds write them. None where it is not sure: a wrong date is worse than none, and never is it "now"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from cid.text.words import fold

FIRST_YEAR, LAST_YEAR = 1971, 2099
"""1970 is what an empty clock says."""

_MONTH_NAMES = (
    "january jan januar janner janvier janv enero ene gennaio gen janeiro januari январь января янв",
    "february feb februar fevrier fevr fev febrero febbraio fevereiro februari февраль февраля фев",
    "march mar marz mrz maerz mars marzo marco maart mrt март марта мар",
    "april apr avril avr abril abr aprile апрель апреля апр",
    "may mai mayo maggio mag maio mei май мая маи",
    "june jun juni juin junio giugno giu junho июнь июня июн",
    "july jul juli juillet juil julio luglio lug julho июль июля июл",
    "august aug aout agosto ago augustus август августа авг",
    "september sep sept septembre septiembre settembre set setembro сентябрь сентября сен",
    "october oct oktober okt octobre octubre ottobre ott outubro out октябрь октября окт",
    "november nov novembre noviembre novembro ноябрь ноября ноя",
    "december dec dezember dez decembre diciembre dic dicembre dezembro декабрь декабря дек",
)
_MONTHS = {fold(name): number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
# Hours east of Greenwich. Names that several countries share mean what news feeds nearly always mean by them.
_ZONES = {
    "": 0.0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "nst": -3.5, "ndt": -2.5, "ast": -4,
    "adt": -3, "brt": -3, "art": -3, "bst": 1, "ist": 5.5, "west": 1, "cet": 1, "mez": 1, "met": 1, "cest": 2,
    "mesz": 2, "mest": 2, "sast": 2, "eet": 2, "eest": 3, "msk": 3, "msd": 4, "trt": 3, "eat": 3, "pkt": 5, "npt":
    5.75, "wib": 7, "ict": 7, "sgt": 8, "hkt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt":
    10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip

_TIME = r"(?P<h>\d{1,2})[:.h](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
_ZONE = r"(?P<zone>(?:gmt|utc|ut)?\s*[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,4})"
_TAIL = rf"(?:(?:\s*t\s*|[\s,]+)(?:(?:at|um|a|-)\s+)?{_TIME}(?:\s*uhr)?(?:\s*{_ZONE})?)?"
_WEEKDAY = r"(?:[^\W\d_]+\.?,?\s+)?"
_TH, _DE = r"(?:st|nd|rd|th|\.)?", r"(?:de\s+)?"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        rf"(?P<y>\d{{4}})-(?P<mo>\d{{1,2}})-(?P<d>\d{{1,2}}){_TAIL}",
        rf"{_WEEKDAY}(?P<d>\d{{1,2}}){_TH}[\s-]*{_DE}(?P<name>[^\W\d_]+)\.?[\s,-]*{_DE}(?P<y>\d{{4}}|\d{{2}}){_TAIL}",
        rf"{_WEEKDAY}(?P<name>[^\W\d_]+)\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}(?P<name>[^\W\d_]+)\s+(?P<d>\d{{1,2}})\s+{_TIME}(?:\s+{_ZONE})?\s+(?P<y>\d{{4}})",
        rf"(?P<y>\d{{4}})[/.](?P<mo>\d{{1,2}})[/.](?P<d>\d{{1,2}}){_TAIL}",
        rf"(?P<d>\d{{1,2}})\.(?P<mo>\d{{1,2}})\.(?P<y>\d{{4}}){_TAIL}",
        rf"(?P<one>\d{{1,2}})/(?P<two>\d{{1,2}})/(?P<y>\d{{4}}){_TAIL}",
        rf"(?P<y>\d{{4}})(?P<mo>\d{{2}})(?P<d>\d{{2}})(?:t?(?P<h>\d{{2}})(?P<mi>\d{{2}})(?P<s>\d{{2}})?\s*{_ZONE}?)?",
    )
)
_EPOCH = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})")
_COMMENT = re.compile(r"\([^()]*\)")


def parse(text: str) -> datetime | None:
    """In UTC. A time without a zone is taken as UTC, a day without a time as its midnight."""
    if not text:
        return None
    text = " ".join(fold(_COMMENT.sub(" ", text[:100])).split())
    try:
        if epoch := _EPOCH.fullmatch(text):
            return _within(datetime.fromtimestamp(int(epoch[1] or int(epoch[2]) // 1000), UTC))
        for shape in _SHAPES:
            if found := shape.fullmatch(text):
                return _within(_moment(found.groupdict()))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def month_of(folded: str) -> int | None:
    """The month that a folded word names."""
    return _MONTHS.get(folded)


def _within(moment: datetime | None) -> datetime | None:
    return moment if moment and FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _moment(found: dict[str, str | None]) -> datetime | None:
    """Raises ValueError for a day or time that does not exist."""
    month_day = _month_and_day(found)
    offset = _offset((found.get("zone") or "").replace(" ", ""))
    if month_day is None or offset is None:
        return None
    hour = int(found.get("h") or 0)
    if half := found.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    second = min(int(found.get("s") or 0), 59)  # a leap second
    local = datetime(_year(found), *month_day, hour, int(found.get("mi") or 0), second, tzinfo=timezone(offset))
    return local.astimezone(UTC)


def _year(found: dict[str, str | None]) -> int:
    text = found["y"] or ""
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 70 else 1900)


def _month_and_day(found: dict[str, str | None]) -> tuple[int, int] | None:
    if name := found.get("name"):
        month = _MONTHS.get(name)
        return (month, int(found["d"] or 0)) if month else None
    if found.get("one"):
        one, two = int(found["one"] or 0), int(found["two"] or 0)
        # 3/4/2024 is a day in March here and in April there
        if one > 12:
            return two, one
        return (one, two) if two > 12 or one == two else None
    return int(found["mo"] or 0), int(found["d"] or 0)


def _offset(zone: str) -> timedelta | None:
    """None for a name nobody knows and for an offset that no place has."""
    if zone in _ZONES:
        return timedelta(hours=_ZONES[zone])
    digits = re.fullmatch(r"(?:gmt|utc|ut)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if not digits:
        return None
    size = timedelta(hours=int(digits[2]), minutes=int(digits[3] or 0))
    offset = -size if digits[1] == "-" else size
    return offset if timedelta(hours=-12) <= offset <= timedelta(hours=14) else None
