"""What flows are given. Frozen, without methods; built in one place, `cid/bootstrap`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cid.briefing.catalogue import Catalogue as Narratives
from cid.briefing.classify import Classifier
from cid.domain.llm import Caps
from cid.domain.run import WAYS, Via
from cid.domain.searching import SourceRules
from cid.domain.tuning import AnalysisTuning, Retention, TrendsTuning
from cid.gates.angles import Patterns
from cid.llm.prompts import Prompts
from cid.outside.line import Line

if TYPE_CHECKING:
    from datetime import timedelta

    from cid.domain.health import Industry
    from cid.domain.news import SourceKind
    from cid.domain.policy import GatePolicy
    from cid.domain.publication import ChannelKind
    from cid.llm.catalogue import Catalogue
    from cid.outside.keys import Keys
    from cid.ports import (
        Backlog,
        Children,
        Clock,
        Db,
        Http,
        Images,
        Llm,
        Mailer,
        Pages,
        PlatformDb,
        Publisher,
        Search,
        SourceReader,
        Trends,
        Vault,
    )
    from cid.queue.together import Together


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The world: the guarded client, the killable children, and one adapter per source and channel kind."""

    http: Http
    children: Children
    sources: Mapping[SourceKind, SourceReader]
    channels: Mapping[ChannelKind, Publisher]
    pages: Pages | None = None
    """None: articles are never read at their pages."""
    trends: Trends | None = None
    """None: nobody is asked how much is searched for something."""
    search: Search | None = None
    """None: nothing is ever searched for."""
    mailer: Mailer | None = None
    """None: no mail server is set. What was to be mailed waits, and pages say so."""
    images: Images | None = None
    """None: no picture is ever looked for."""


@dataclass(slots=True)
class Polls:
    """What this process knows of the polls under way. The rooms are furnished by the flow."""

    line: Line = field(default_factory=Line)
    busy: Counter[str] = field(default_factory=Counter)
    """Polls under way, by domain."""
    looks: Together[Any, Any] | None = None
    writes: Together[Any, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    db: Db
    platform: PlatformDb
    llm: Llm
    outside: Outside
    clock: Clock
    policy: GatePolicy
    keys: Keys
    catalogue: Catalogue
    """Which models may be chosen, and what is known of them."""
    base_url: str
    """Where people reach this desk, without a slash at the end."""
    retention: Retention = field(default_factory=Retention)
    caps: Caps = field(default_factory=Caps)
    """What may be spent on models where no page says otherwise."""
    unsubscribe_to: str = ""
    """Where people may also write for an end of digests; empty: nowhere."""
    vault: Vault | None = None
    """None: nothing here keeps a secret."""
    metrics_token: str = field(default="", repr=False)
    """What lets a machine read /metrics (CID_METRICS_TOKEN); empty: only this machine itself."""
    prompts: Prompts = field(default_factory=lambda: Prompts({}))
    """Every version on file."""
    backlog: Backlog | None = None
    """None: no question ever waits in a batch."""
    polls: Polls = field(default_factory=Polls)
    industries: Mapping[str, Industry] = field(default_factory=dict)
    """Feeds that may stand in for one that failed, by industry."""
    gate5: bool = True
    """Whether drafts are reviewed (CID_GATE5). Switched off, each is held for a person."""
    trends: TrendsTuning = field(default_factory=TrendsTuning)
    analysis: AnalysisTuning = field(default_factory=AnalysisTuning)
    """How much may be analysed at once."""
    angles: Patterns = field(default_factory=Patterns)
    """By which words of a headline an angle is known."""
    narratives: Narratives = field(default_factory=Narratives)
    """What is known to be told again and again, and by which words."""
    source_rules: SourceRules = field(default_factory=SourceRules)
    """Who speaks at a host, where that is known."""
    classifier: Classifier | None = None
    """Finds narratives beside the catalogue (CID_NARRATIVE_MODEL); None: none is set."""
    ways: tuple[Via, ...] = tuple(via for vias in WAYS.values() for via in vias)
    """Of runs: what can be asked about outlets here, in the order in which it is asked where nobody says otherwise."""
    poll_interval: timedelta | None = None
    """A fixed interval for every source (CID_POLL_INTERVAL); None: each its own."""
