"""Who answers when a model is asked, by the settings."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from cid import settings as settings_module
from cid.domain.tuning import TapeMode
from cid.llm.anthropic import Anthropic
from cid.llm.batch_anthropic import AnthropicBatches
from cid.llm.batch_google import GoogleBatches
from cid.llm.batch_openai import OpenAiBatches
from cid.llm.google import Google
from cid.llm.models import Models, load_models, load_prices
from cid.llm.offline import Offline
from cid.llm.openai import OpenAi
from cid.llm.prompts import Prompts
from cid.llm.reads import Purse, load_read_prices
from cid.llm.router import Router
from cid.llm.tape import Tape
from cid.llm.waiting_room import WaitingRoom
from cid.outside.clock import SystemClock
from cid.pg.pool import AppDb, WorkerDb
from cid.ports import Batches, Provider
from cid.settings import Settings


def models_of(settings: Settings) -> Models:
    return load_models(settings_module.CONFIG / "models.toml").with_tiers(**settings.models)


def router_of(settings: Settings, db: AppDb, platform: WorkerDb, clock: SystemClock, stack: AsyncExitStack) -> Router:
    models, prices = models_of(settings), load_prices(settings_module.CONFIG / "prices.toml")
    vendors = vendors_of(settings, models)
    for vendor in vendors:
        stack.push_async_callback(vendor.close)
    lacking = _lacking(settings, [vendor.name for vendor in vendors])
    return Router(
        db,
        clock,
        models=models,
        prices=prices,
        prompts=Prompts.load(settings_module.CONFIG / "prompts"),
        providers=[Offline(), *(_taped(settings, vendor, models) for vendor in vendors)],
        lacking=lacking,
        room=WaitingRoom(
            db,
            platform,
            clock,
            models=models,
            prices=prices,
            batches=_rooms(settings, [vendor for vendor in vendors if vendor.name not in lacking]),
        ),
    )


def _taped(settings: Settings, provider: Provider, models: Models) -> Provider:
    """What offline computes is not recorded: it is the same every time."""
    if settings.tape is TapeMode.LIVE:
        return provider
    return Tape(provider, settings.tape, settings.tapes, models.of_provider(provider.name))


def _lacking(settings: Settings, providers: Iterable[str]) -> dict[str, str]:
    """Provider → why it cannot be asked: the names of the keys that are missing. A replay needs none."""
    if settings.tape is TapeMode.REPLAY:
        return {}
    keys = {name: settings_module.key_of(name, settings.endpoints) for name in providers}
    return {
        name: f"there is no key: set {key}" for name, key in keys.items() if key and key not in settings.provider_keys
    }


def vendors_of(settings: Settings, models: Models) -> list[Anthropic | Google | OpenAi]:
    """One provider per vendor and endpoint, with or without its key: a missing one is named when it is wanted."""
    endpoints = {endpoint.name: endpoint for endpoint in settings.endpoints}

    def key(variable: str) -> str:
        secret = settings.provider_keys.get(variable)
        return secret.value if secret else ""

    def compatible(name: str) -> OpenAi:
        variable = settings_module.key_of(name, settings.endpoints)
        base_url = endpoints[name].base_url if name in endpoints else ""
        traits = models.of_provider(name)
        return OpenAi(name, key(variable), traits=traits, base_url=base_url, keyless=not variable, key=variable)

    return [
        Anthropic(key("ANTHROPIC_API_KEY"), traits=models.of_provider("anthropic")),
        Google(key("GOOGLE_API_KEY"), traits=models.of_provider("google")),
        *(compatible(name) for name in dict.fromkeys(("openai", *endpoints))),
    ]


def _rooms(settings: Settings, vendors: Iterable[Anthropic | Google | OpenAi]) -> list[Batches]:
    """None while replies are recorded or replayed: what a batch answers passes no tape, and a replay calls nobody."""
    if settings.tape is not TapeMode.LIVE:
        return []
    return [batches for vendor in vendors if (batches := _batches(vendor))]


def _batches(vendor: Anthropic | Google | OpenAi) -> Batches | None:
    """None: it has no batch API."""
    match vendor:
        case Anthropic():
            return AnthropicBatches(vendor)
        case Google():
            return GoogleBatches(vendor)
        case OpenAi(name="openai"):
            return OpenAiBatches(vendor)
    return None


def purse_of(settings: Settings, db: AppDb, clock: SystemClock) -> Purse:
    prices = load_read_prices(settings_module.CONFIG / "prices.toml")
    return Purse(db, clock, caps=models_of(settings).caps, prices=prices)
