"""Times as pages tell them, from the moment at which they were read: “2 hours ago”, “gestern um 14:30”, “вчера”.

Only a text that says nothing else is believed. In prose “yesterday” is the day before whatever the article is about, so
there a date that is written out counts, and no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from cid.text import dates
from cid.text.words import fold

_DAY = timedelta(days=1)
_UNITS = {
    timedelta(seconds=1): "second seconds sec secs s seconde secondes sekunde sekunden sek segundo segundos seg"
    " секунда секунду секунды секунд сек",
    timedelta(minutes=1): "minute minutes min mins m minuten minuto minutos минута минуту минуты минут мин",
    timedelta(hours=1): "hour hours hr hrs h heure heures stunde stunden std hora horas час часа часов ч",
    _DAY: "day days d jour jours j tag tagen tage dia dias день дня дней дн",
    timedelta(days=7): "week weeks wk wks w semaine semaines woche wochen semana semanas неделя неделю недели недель",
    timedelta(days=30): "month months mo mois monat monaten monate mes meses месяц месяца месяцев",
    timedelta(days=365): "year years yr yrs y an ans annee annees jahr jahren jahre ano anos год года лет",
}
_UNIT = {fold(word): unit for unit, words in _UNITS.items() for word in words.split()}
_ONE = frozenset(fold("a an one un une ein eine einem einer einen una uno один одну одна").split())
_DAYS = {
    0: "today, aujourd'hui, heute, hoy, сегодня",
    1: "yesterday, hier, gestern, ayer, вчера",
    2: "the day before yesterday, avant-hier, vorgestern, anteayer, antes de ayer, позавчера",
}
_DAYS_BACK = {fold(name): back for back, names in _DAYS.items() for name in names.split(", ")}
_MOMENT = "just now, now, moments ago, a moment ago, a l'instant, gerade eben, soeben, ahora mismo, только что"
_NOW = frozenset(fold(_MOMENT).split(", "))
_ANY_DAY = "|".join(sorted(map(re.escape, _DAYS_BACK), key=len, reverse=True))
_CLOCK = r"(?P<h>\d{1,2})(?:[:.h](?P<mi>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?(?:\s*(?:uhr|h))?"
_NAMED_DAY = re.compile(rf"(?P<day>{_ANY_DAY})(?:,?\s+(?:(?:at|a|um|a las|a la|{fold('в')})\s+)?{_CLOCK})?")
_COUNTED = r"(?:(?P<count>\d{1,4})\s*|(?P<word>[^\W\d_]+)\s+)(?P<unit>[^\W\d_]+)\.?"
_SPANS = tuple(
    re.compile(shape)
    for shape in (
        rf"{_COUNTED}\s+(?:ago|{fold('назад')})",
        rf"(?:il y a|vor|hace)\s+{_COUNTED}",
        rf"(?P<unit>[^\W\d_]+)\s+{fold('назад')}",
    )
)
_WRITTEN = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?[^\W\d_]{3,12}\.?[\s,-]+(?:de\s+)?\d{4}"
    r"|[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}"
)
SEARCHED = 2000
"""Characters: a date line stands at the head of a text."""


@dataclass(frozen=True, slots=True)
class Told:
    at: datetime
    """In UTC."""
    precise_to: timedelta
    """“2 hours ago” may be 2 or nearly 3."""


def told(text: str, now: datetime) -> Told | None:
    """A whole text that is a date or says how long ago; None for any other. `now` is when the page was read."""
    if at := dates.parse(text):
        whole_day = at.time() == time() and not re.search(r"\d[:h.]\d\d\b", text)
        return Told(at, _DAY if whole_day else timedelta(minutes=1))
    spelled = " ".join(fold(text[:80]).split()).strip(" .,")
    if spelled in _NOW:
        return Told(now.astimezone(UTC), timedelta(minutes=1))
    if day := _NAMED_DAY.fullmatch(spelled):
        return _of_day(day, now.astimezone(UTC))
    found = next((match for shape in _SPANS if (match := shape.fullmatch(spelled))), None)
    return _of_span(found.groupdict(), now.astimezone(UTC)) if found else None


def written(text: str) -> Told | None:
    """The first date that is written out in a running text, whatever the text says of other days."""
    for candidate in _WRITTEN.finditer(text[:SEARCHED]):
        if at := dates.parse(candidate[0]):
            return Told(at, _DAY)
    return None


def _of_day(day: re.Match[str], now: datetime) -> Told | None:
    midnight = datetime.combine(now.date(), time(), UTC) - _DAY * _DAYS_BACK[day["day"]]
    if day["h"] is None:
        return Told(midnight, _DAY)
    hour, minute, half = int(day["h"]), int(day["mi"] or 0), day["half"] or ""
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 23 or minute > 59:
        return None
    return Told(midnight + timedelta(hours=hour, minutes=minute), timedelta(minutes=1))


def _of_span(found: dict[str, str | None], now: datetime) -> Told | None:
    unit = _UNIT.get(found["unit"] or "")
    if unit is None or (found.get("word") or "one") not in _ONE:
        return None
    try:
        at = now - unit * int(found.get("count") or 1)
    except OverflowError:
        return None
    if at.year < dates.FIRST_YEAR:
        return None
    # a span of days says nothing of the time of day
    return Told(datetime.combine(at.date(), time(), UTC) if unit >= _DAY else at, unit)
