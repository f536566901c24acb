"""What can be set, parsed once into frozen values. The only reader of the environment and of config/*.toml."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from cid.domain.searching import SourceRules
from cid.domain.tuning import Periodic, Retention
from cid.llm.endpoints import load_endpoints
from cid.settings import files, variables
from cid.settings.files import (
    CONFIG,
    angle_patterns,
    claims,
    classifier,
    classifier_in,
    concepts,
    load_structures,
    narratives,
)
from cid.settings.keys import PROVIDER_KEYS, SOURCE_KEYS, key_names, key_of, secret_key
from cid.settings.shown import effective
from cid.settings.values import LogFormat, MailSettings, PoolSizes, Secret, Settings, Tables, WebSettings
from cid.settings.variables import OFFLINE_MODEL, TIERS
from cid.text.typed import convert, into

__all__ = [
    "CONFIG",
    "OFFLINE_MODEL",
    "PROVIDER_KEYS",
    "SOURCE_KEYS",
    "TIERS",
    "LogFormat",
    "MailSettings",
    "PoolSizes",
    "Secret",
    "Settings",
    "Tables",
    "WebSettings",
    "angle_patterns",
    "claims",
    "classifier",
    "classifier_in",
    "concepts",
    "effective",
    "key_of",
    "load_structures",
    "narratives",
    "read",
    "secret_key",
]


def read(env: Mapping[str, str] | None = None, config: Path = CONFIG) -> Settings:
    """Raises Misconfigured with one sentence: which setting, what is wrong with it."""
    values = os.environ if env is None else env
    tables = into(Tables, files.toml(config / "default.toml"), "config/default.toml")
    web = variables.web_of(tables.web, values)
    endpoints = load_endpoints(config / "models.toml")
    files.disclosures()
    return Settings(
        data=Path(values.get("CID_DATA") or "data"),
        web=web,
        pools=tables.pools,
        queue=variables.queue_of(tables.queue, values),
        gates=files.gates(config),
        schedule=tuple(
            into(Periodic, {"name": name, **table}, f"config/schedule.toml [{name}]")
            for name, table in files.toml(config / "schedule.toml").items()
        ),
        retention=into(Retention, files.toml(config / "retention.toml"), "config/retention.toml"),
        log_format=convert(LogFormat, (values.get("CID_LOG") or "auto").lower(), "CID_LOG"),
        pg_bindir=values.get("PG_BINDIR") or None,
        database_url=variables.secret(values, "DATABASE_URL"),
        database_url_app=variables.secret(values, "DATABASE_URL_APP"),
        database_url_worker=variables.secret(values, "DATABASE_URL_WORKER"),
        secret_key=variables.secret(values, "CID_SECRET_KEY"),
        old_secret_keys=variables.old_keys(values),
        provider_keys={name: found for name in key_names(endpoints) if (found := variables.secret(values, name))},
        source_keys={name: found for name in SOURCE_KEYS if (found := variables.secret(values, name))},
        sources=variables.sources_of(tables.sources, values),
        trends=tables.trends,
        analysis=files.checked(tables.analysis),
        source_rules=into(SourceRules, files.toml(config / "evidence.toml"), "config/evidence.toml"),
        fetching=files.fetching(config),
        endpoints=endpoints,
        models=variables.models_of(values.get("CID_MODELS", "")),
        environment=(environment := variables.environment_of(values)),
        tape=variables.tape_of(values, environment),
        tapes=Path(values.get("CID_TAPES") or "tapes").absolute(),
        allow_local=frozenset(part for part in re.split(r"[,\s]+", values.get("CID_ALLOW_LOCAL", "")) if part),
        mail=variables.mail_of(values),
        metrics_token=variables.secret(values, "CID_METRICS_TOKEN"),
        gate5=variables.on(values, "CID_GATE5"),
        narrative_model=Path(model).absolute() if (model := values.get("CID_NARRATIVE_MODEL")) else None,
        poll_interval=variables.seconds(values, "CID_POLL_INTERVAL"),
    )
