"""What of the settings would keep the desk from working, for the doctor."""

from __future__ import annotations

from collections.abc import Sequence

from cid import settings as settings_module
from cid.bootstrap.models import models_of
from cid.bootstrap.outside import mailer_of
from cid.domain.errors import Misconfigured, Upstream
from cid.domain.tuning import TapeMode, TrendsProvider
from cid.llm.models import OFFLINE, Choice, load_prices
from cid.outside.clock import SystemClock
from cid.outside.serper import KEY as SEARCH_KEY
from cid.outside.trends import KEY as TRENDS_KEY
from cid.pg.doctor import Check, fail, ok, warn
from cid.settings import Settings


def model_checks(settings: Settings) -> list[Check]:
    """Which models answer, whether there is a key for each, and what each costs."""
    try:
        models, prices = models_of(settings), load_prices(settings_module.CONFIG / "prices.toml")
        today = SystemClock().now().date()
        found = _tape_check(settings)
        for tier, chain in models.tiers.items():
            for choice in chain:
                if choice.provider != OFFLINE:
                    prices.at(choice, today, 0)
            found.append(_chain_check(settings, f"model for {tier}", chain))
    except Misconfigured as error:
        return [fail("models", str(error), "Correct config/models.toml and config/prices.toml.")]
    return found


def key_checks(settings: Settings) -> list[Check]:
    """What gates ask outside of models, and whether its key is there. A warning: each goes on without, and says so."""
    found = []
    if settings.trends.provider is TrendsProvider.SERPAPI and TRENDS_KEY not in settings.source_keys:
        what = "[trends] asks SerpApi, and there is no key: gate 3 goes by publishers alone"
        remedy = f'Set {TRENDS_KEY}, or provider = "trending_rss" or "none" in config/default.toml.'
        found.append(warn("search interest", what, remedy))
    if settings.gates.evidence.tier and SEARCH_KEY not in settings.source_keys:
        what = "no key for web searches: drafts stand on the story's own reports"
        found.append(warn("web search", what, f"Set {SEARCH_KEY}, or tier = 0 in config/gates.toml [evidence]."))
    return found


def _chain_check(settings: Settings, name: str, chain: Sequence[Choice]) -> Check:
    """Who of a chain can be asked; one is enough."""
    keys = {choice: settings_module.key_of(choice.provider, settings.endpoints) for choice in chain}
    can = [
        str(choice)
        for choice, key in keys.items()
        if choice.provider == OFFLINE or not key or settings.tape is TapeMode.REPLAY or key in settings.provider_keys
    ]
    if can:
        return ok(name, ", then ".join(can))
    remedy = (
        f"Set {' or '.join(dict.fromkeys(keys.values()))}, or name another model in config/models.toml or CID_MODELS."
    )
    return warn(name, f"{', '.join(map(str, chain))}: no key", remedy)


def _tape_check(settings: Settings) -> list[Check]:
    """Whoever sees answers should know that they come from files."""
    name, files = "recorded replies", len(list(settings.tapes.glob("*.json")))
    match settings.tape:
        case TapeMode.LIVE:
            return []
        case TapeMode.RECORD:
            said = f"models answer, and {settings.tapes} keeps it ({files} so far)"
        case TapeMode.REPLAY:
            said = f"no model is asked: all answers come from {files} recordings in {settings.tapes}"
    return [warn(name, said, "Unset CID_TAPE to let models answer live.")]


async def mail_check(settings: Settings) -> Check:
    """Whether the mail server lets us in. It is asked: only then a password that was changed there is seen here."""
    name, mailer = "mail", mailer_of(settings, SystemClock())
    if mailer is None:
        return warn(name, "no mail server is set: invitations and digests wait", "Set CID_SMTP and CID_MAIL_FROM.")
    try:
        await mailer.look()
    except (Misconfigured, Upstream) as error:
        return warn(name, str(error), "Correct CID_SMTP and CID_SMTP_PASSWORD, or see to the server.")
    return ok(name, f"{settings.mail.sender} by {settings.mail.relay.host if settings.mail.relay else ''}")
