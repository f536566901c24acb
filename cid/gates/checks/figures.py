"""Figures and dates that stand in no claim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from cid.domain.review import Finding
from cid.gates.checks.links import dialled
from cid.gates.checks.material import Material, Passage, finding, listed
from cid.text.calendar import Dated, Told, dates
from cid.text.figures import Figure, figures
from cid.text.words import words

SMALL = 10
"""Below, a figure without unit counts what the text itself lists: it is looked at only where claims count the same."""
_UNIT = re.compile(r"[^\w\s]?\s?[\w%€£₹]*")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_ORDINAL = re.compile(
    r"^(?:\W*(?:step|part|tip|no|schritt|teil|paso|parte|étape|этап|шаг|चरण)\.?\s*)?\d{1,2}[.):]?\s", re.IGNORECASE
)
_RELATIVE = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "yesterday",
        "today",
        "tomorrow",
        "week",
        "weekend",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
        "gestern",
        "heute",
        "morgen",
        "woche",
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "ayer",
        "hoy",
        "manana",
        "semana",
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "hier",
        "aujourd'hui",
        "demain",
        "semaine",
        "понедельник",
        "вторник",
        "среда",
        "среду",
        "четверг",
        "пятница",
        "пятницу",
        "вчера",
        "сегодня",
        "завтра",
    ]
)
WEEK = 7


def numbers(one: Material) -> Iterator[Finding]:
    known, years = one.known_figures, _years(one)
    found = []
    for passage in one.passages:
        taken = {at for day in dates(passage.text) for at in range(day.start, day.end)}
        for number in dict.fromkeys(dialled(passage.text)):
            start = passage.text.find(number)
            taken.update(range(start, start + len(number)))
        listed_to = _listed_to(passage)
        for figure in figures(passage.text):
            if figure.start in taken or figure.end <= listed_to:
                continue
            if _YEAR.fullmatch(figure.written) and int(figure.written) in years:
                continue
            small = not figure.unit and not figure.scaled and all(value < SMALL for value in figure.readings)
            wrong = known.counts_otherwise(figure) if small else not known.holds(figure)
            if wrong:
                found.append(passage.text[figure.start : _end(passage.text, figure)].strip())
    if found:
        yield finding(
            one.unsupported,
            "factual_risk",
            listed(found),
            "These figures stand in no report as they stand here.",
            "Check where they come from; a figure that was converted or computed is yours to check.",
        )


def _end(text: str, figure: Figure) -> int:
    """The figure with the word after it: `25 percent` says more than `25`."""
    after = _UNIT.match(text, figure.start + len(figure.written))
    return after.end() if after else figure.end


def _listed_to(passage: Passage) -> int:
    """Where what only numbers a step or a heading ends."""
    match = _ORDINAL.match(passage.text + " ")
    return match.end() if match else 0


def _years(one: Material) -> set[int]:
    days = [report.reported_at for report in one.reports] + ([one.now] if one.now else [])
    return {day.year for day in days}


def days(one: Material) -> Iterator[Finding]:
    """A claim that says `on Monday` stands for a day near its report."""
    told = Told(day for text in one.ground for day in dates(text))
    judged: dict[str, bool] = {}
    own = {report.reported_at.date() for report in one.reports} | ({one.now.date()} if one.now else set())
    near = WEEK if any(not _RELATIVE.isdisjoint(words(text)) for text in one.ground) else 0
    for passage in one.passages:
        for day in dates(passage.text):
            if day.written not in judged:
                judged[day.written] = told.agrees(day) or _is_near(day, own, near)
    found = [written for written, good in judged.items() if not good]
    if found:
        yield finding(
            one.unsupported,
            "factual_risk",
            listed(found),
            "These dates stand in no report.",
            "Check where they come from.",
        )


def _is_near(day: Dated, own: set[date], days: int) -> bool:
    return any(day.near(other, days) for other in own)
