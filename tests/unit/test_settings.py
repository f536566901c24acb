"""What can be set, and what is said where it is set wrongly."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cid import settings
from cid.domain.errors import Misconfigured
from tests.make import policy


def test_the_shipped_configuration_is_valid() -> None:
    read = settings.read({})
    assert replace(read.gates, polling=policy().polling, publishing=policy().publishing) == policy()
    assert read.gates.publishing.undo == timedelta(seconds=60)
    assert (read.gates.polling.first, read.gates.polling.spacing) == (20, timedelta(seconds=1))
    assert dict(read.gates.polling.spacing_of)["api.gdeltproject.org"] == timedelta(seconds=6.5)
    assert read.queue.silent == timedelta(seconds=30)
    assert {entry.name for entry in read.schedule} == {"wake", "tidy", "batches", "learn", "digests", "monitors"}
    assert read.base_url == "http://127.0.0.1:8080"


def test_the_environment_wins_over_the_files() -> None:
    read = settings.read(
        {
            "PORT": "9000",
            "GRACE": "3",
            "CID_POLL_INTERVAL": "30",
            "CID_BASE_URL": "https://desk.example.org/",
            "CID_ALLOW_LOCAL": "127.0.0.1:8901, localhost:1",
            "CID_MODELS": "cheap=offline,quality=anthropic/some-model",
        }
    )
    assert read.web.port == 9000
    assert read.queue.grace == timedelta(seconds=3)
    assert read.poll_interval == timedelta(seconds=30)
    assert read.base_url == "https://desk.example.org"
    assert read.allow_local == {"127.0.0.1:8901", "localhost:1"}
    assert read.models == {"cheap": "offline", "quality": "anthropic/some-model"}


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("mode", ["record", "replay"])
def test_replies_are_recorded_and_replayed_outside_production_only(environment: str, mode: str) -> None:
    read = settings.read({"CID_ENV": environment, "CID_TAPE": mode, "CID_TAPES": "/somewhere"})
    assert (read.tape, read.tapes) == (mode, Path("/somewhere"))
    shown = settings.effective(read)
    assert (shown["environment"], shown["tape"], shown["tapes"]) == (environment, mode, "/somewhere")


def test_a_desk_that_says_nothing_runs_in_production_and_live() -> None:
    read = settings.read({})
    assert (read.environment, read.tape) == ("production", "live")


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-a-file\n")
    read = settings.read({"ANTHROPIC_API_KEY_FILE": str(tmp_path / "key")})
    assert read.provider_keys["ANTHROPIC_API_KEY"].value == "sk-from-a-file"


def test_secrets_are_shown_only_as_set_or_missing() -> None:
    read = settings.read({"ANTHROPIC_API_KEY": "sk-very-secret", "DATABASE_URL": "postgresql://o:pw@db/cid"})
    shown = settings.effective(read)
    assert shown["ANTHROPIC_API_KEY"] == shown["database_url"] == "set"
    assert shown["secret_key"] == "missing"
    assert "very-secret" not in repr(shown) + repr(read)
    assert "pw" not in repr(shown) + repr(read)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PORT": "many"}, "PORT"),
        ({"PORT": "0"}, "PORT"),
        ({"CID_BASE_URL": "desk"}, "CID_BASE_URL"),
        ({"CID_POLL_INTERVAL": "often"}, "CID_POLL_INTERVAL"),
        ({"CID_POLL_INTERVAL": "-1"}, "CID_POLL_INTERVAL"),
        ({"CID_MODELS": "huge=x"}, "CID_MODELS"),
        ({"CID_LOG": "xml"}, "CID_LOG"),
        ({"CID_ENV": "staging"}, "CID_ENV"),
        ({"CID_ENV": "test", "CID_TAPE": "rewind"}, "CID_TAPE"),
        ({"CID_TAPE": "replay"}, "CID_TAPE is replay in production"),
        ({"CID_TAPE": "record", "CID_ENV": "production"}, "CID_TAPE is record in production"),
        ({"DATABASE_URL_FILE": "/nowhere/at/all"}, "DATABASE_URL_FILE"),
    ],
)
def test_a_wrong_value_names_its_setting(env: dict[str, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        settings.read(env)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("default.toml", 'poll = "2s"', 'pol = "2s"', "no setting 'pol'"),
        ("default.toml", 'poll = "2s"', "poll = 2", "queue.*poll"),
        ("default.toml", 'mode = "listen"', 'mode = "shout"', "shout"),
        ("gates.toml", "min_chars = 50", "", "lacks the setting 'min_chars'"),
        ("gates.toml", "[[5, 100]", "[[5]", "2 parts"),
        ("schedule.toml", 'every = "15s"', 'every = "soon"', "soon"),
        ("retention.toml", "jobs_done", "[jobs_done", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_file_stops_the_start(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    shutil.copytree(settings.CONFIG, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(Misconfigured, match=said):
        settings.read({}, tmp_path)


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    read = settings.read({"CID_DATA": str(tmp_path / "data")})
    first = settings.secret_key(read)
    assert settings.secret_key(read) == first
    assert len(first) >= 32
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_a_damaged_or_short_secret_key_is_never_replaced_in_silence(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("short")
    with pytest.raises(Misconfigured, match="damaged"):
        settings.secret_key(settings.read({"CID_DATA": str(tmp_path)}))
    with pytest.raises(Misconfigured, match="CID_SECRET_KEY"):
        settings.secret_key(settings.read({"CID_SECRET_KEY": "short"}))


def test_only_proxies_that_are_named_are_believed() -> None:
    assert settings.read({}).web.trusted_proxies == ()
    read = settings.read({"CID_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8 2001:db8::/32"})
    assert read.web.trusted_proxies == ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")
    for wrong in ("nginx", "10.0.0.1/8", "10.0.0.0/99"):
        with pytest.raises(Misconfigured, match="CID_TRUSTED_PROXIES"):
            settings.read({"CID_TRUSTED_PROXIES": wrong})
