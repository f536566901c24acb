"""What the pages of a tenant's settings show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cid.domain.tenants import Profile
from cid.text import profiles
from cid.web.words import _

if TYPE_CHECKING:
    from cid.store.tenants import Deletion, Published, Standing
    from cid.web.audit_words import LineView


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One field of the profile: what it is called and what is done with it."""

    name: str
    label: str
    hint: str
    lines: bool = False
    """A list, one entry a line."""
    rows: int = 3


GROUPS: tuple[tuple[str, str, tuple[About, ...]], ...] = (
    (
        "audience",
        _("Audience"),
        (
            About(
                name="primary_audience",
                label=_("Who you write for"),
                hint=_("In a sentence or two. Gates 2 and 3.5 judge by it, and drafts speak to them."),
            ),
            About(
                name="secondary_audience",
                label=_("Who else reads you"),
                hint=_("A story that only they care about passes with a lower score."),
            ),
            About(
                name="pain_points",
                label=_("What troubles them"),
                hint=_("One a line. Drafts say what a story means for these."),
                lines=True,
                rows=4,
            ),
            About(
                name="business_goal",
                label=_("What you want to reach"),
                hint=_("Such as being the first to explain rules. The judgement of fit goes by it."),
            ),
        ),
    ),
    (
        "topics",
        _("Topics"),
        (
            About(name="industry", label=_("Industry"), hint=_("In your words. Sources are proposed by it."), rows=1),
            About(
                name="keywords",
                label=_("Keywords"),
                hint=_("One a line, words or phrases. A story without any of them is asked about all the same."),
                lines=True,
                rows=8,
            ),
            About(
                name="excluded",
                label=_("Excluded topics"),
                hint=_("One a line, as words and never as parts of words. Whatever names one is dropped by gate 1."),
                lines=True,
                rows=4,
            ),
            About(
                name="geography",
                label=_("Places"),
                hint=_("One a line: countries, regions or towns."),
                lines=True,
                rows=4,
            ),
        ),
    ),
    (
        "voice",
        _("Voice"),
        (
            About(name="language", label=_("Language"), hint=_("A tag such as en, de or pt-br."), rows=1),
            About(name="voice", label=_("How you sound"), hint=_("Drafts are told this in these words."), rows=4),
            About(
                name="preferred_angles",
                label=_("Angles you like"),
                hint=_("One a line, by name or in your words: local impact, list of actions, …"),
                lines=True,
            ),
            About(name="avoided_angles", label=_("Angles you avoid"), hint=_("One a line."), lines=True),
        ),
    ),
)
LISTS = frozenset(about.name for _key, _title, abouts in GROUPS for about in abouts if about.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    groups: Sequence[tuple[str, str, tuple[About, ...]]]
    values: Mapping[str, str]
    wrong: Mapping[str, str]
    problem: str
    history: Sequence[LineView]
    """Who changed it, the newest first."""
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralView:
    name: str
    zone: str
    desks: Sequence[str]
    zones: Sequence[str]
    problem: str
    held: Sequence[tuple[str, int]]
    """Jobs that wait, by kind."""
    paused_by: str
    deletion: Deletion | None
    deletion_by: str
    live: Sequence[Published]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformTenantsView:
    rows: Sequence[Standing]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    lines: Sequence[LineView]
    people: Sequence[tuple[str, str]]
    actions: Sequence[tuple[str, str]]
    who: str
    action: str
    target: str
    day: str
    first: str
    next: str
    query: str
    """The conditions, for the links that export."""
    base: str
    problem: str = ""


def spelled(profile: Profile) -> dict[str, str]:
    """As the form shows it."""
    values: dict[str, Any] = {field.name: getattr(profile, field.name) for field in fields(Profile)}
    return {name: "\n".join(value) if name in LISTS else value for name, value in values.items()}


def profile_of(typed: Mapping[str, str]) -> Profile:
    """Of the form's texts. What fits is the flow's to say."""
    values: dict[str, Any] = {
        name: profiles.entries(value) if name in LISTS else " ".join(value.split()) for name, value in typed.items()
    }
    return Profile(**values)
