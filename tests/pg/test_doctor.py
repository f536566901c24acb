"""`cid doctor` and `cid migrate`: what is wrong, how it is mended, and an exit code that says so."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from cid.cli.doctor import examine, report
from cid.pg import doctor
from cid.pg.doctor import Check, Level, fail, ok, warn
from cid.pg.embedded import ADMIN, OWNER, Server, join
from cid.pg.place import Place, prepare
from cid.pg.sql import SQL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.conftest import Database


MISCOUNT = """
insert into tenants (id, slug, name) values (gen_random_uuid(), 'acme', 'Acme');
insert into run_sums (tenant_id, grain, at, slot, runs)
select id, 'ever', 'epoch', 0, 1 from tenants where slug = 'acme';
"""
ENDLESS = """
create or replace view inspect.runs_miscounted as
select 'acme'::text as tenant, 'ever'::text as grain, cid_now() as at, 0::bigint as counted, 0::bigint as runs
from pg_sleep(600)
"""
"""As long as reading more runs than there is patience for."""


def cid(*args: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cid", *map(str, args)],
        cwd=SQL.parent,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def by_name(found: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


def looked(database: Database, tmp_path: Path) -> Place:
    """The test's database as one that others run; peer login needs no password."""
    return Place(
        data=tmp_path,
        url=database.dsn(OWNER),
        app_url=database.dsn("cid_app"),
        worker_url=database.dsn("cid_worker"),
    )


async def test_a_sound_database_passes_every_check(database: Database, tmp_path: Path) -> None:
    found = await doctor.database(looked(database, tmp_path))
    assert [check for check in found if check.level is not Level.OK] == []
    assert {"database", "version", "migrations", "policies", "roles", "partitions"} <= set(by_name(found))


async def test_a_count_that_is_off_is_a_warning_with_its_remedy(
    database: Database, owner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.execute(MISCOUNT)
    check = by_name(await doctor.database(looked(database, tmp_path)))["counts of runs"]
    assert (check.level, "the figures of acme" in check.what) == (Level.WARN, True)
    await owner.execute(check.remedy.removeprefix("In psql: "))
    assert by_name(await doctor.database(looked(database, tmp_path)))["counts of runs"].level is Level.OK
    monkeypatch.setattr(doctor, "_PATIENCE_MS", 50)
    await owner.execute(ENDLESS)
    check = by_name(await doctor.database(looked(database, tmp_path)))["counts of runs"]
    assert (check.level, check.what.startswith("not looked at")) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("delete from migrations", ("migrations", "not applied: 0001_pre_start")),
        ("update migrations set sha256 = ''", ("migrations", "do not fit")),
        ("insert into migrations values (9999, 'x', '')", ("migrations", "do not fit")),
        ("alter table drafts no force row level security", ("policies", "drafts has a tenant_id")),
        ("grant create on schema public to cid_app", ("roles", "cid_app may create objects")),
    ],
)
async def test_what_is_wrong_is_found_and_has_a_remedy(
    database: Database, owner: Any, tmp_path: Path, harm: str, found: tuple[str, str]
) -> None:
    await owner.execute(harm)
    name, said = found
    check = by_name(await doctor.database(looked(database, tmp_path)))[name]
    assert check.level is Level.FAIL
    assert said in check.what
    assert check.remedy


async def test_partitions_that_nobody_made_ahead_are_found(database: Database, owner: Any, tmp_path: Path) -> None:
    admin = await asyncpg.connect(database.dsn(ADMIN))
    await admin.execute(f"alter database {database.name} set cid.clock_offset = '40 days'")
    await admin.close()
    check = by_name(await doctor.database(looked(database, tmp_path)))["partitions"]
    assert check.level is Level.FAIL
    assert "jobs_done_" in check.what
    # forty days ahead next month's partitions may be there still; each day's are not
    again = await asyncpg.connect(database.dsn(OWNER))
    assert await again.fetchval("select make_partitions()") > 0
    await again.close()
    assert by_name(await doctor.database(looked(database, tmp_path)))["partitions"].level is Level.OK


async def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    found = await doctor.database(Place(data=tmp_path, url="postgresql://a@localhost:1/b", app_url="x", worker_url="x"))
    assert [check.level for check in found] == [Level.FAIL]
    assert "The database does not answer" in found[0].remedy


async def test_a_login_that_fails_is_told_apart(database: Database, tmp_path: Path) -> None:
    place = Place(
        data=tmp_path,
        url=database.dsn(OWNER),
        app_url=database.dsn("nobody"),
        worker_url=database.dsn("cid_worker"),
    )
    found = by_name(await doctor.database(place))
    assert found["login of app"].level is Level.FAIL
    assert "DATABASE_URL_APP" in found["login of app"].remedy
    assert found["login of worker"].level is Level.OK


def test_folders_and_keys(tmp_path: Path) -> None:
    assert doctor.folder(tmp_path / "new")[0].level is Level.OK
    (tmp_path / "file").write_text("")
    assert doctor.folder(tmp_path / "file" / "data")[0].level is Level.FAIL
    key = tmp_path / "secret.key"
    assert doctor.key(key, None).level is Level.WARN
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    assert doctor.key(key, None).remedy == f"Run: chmod 600 {key}"
    key.chmod(0o600)
    assert doctor.key(key, None).level is Level.OK
    key.write_bytes(b"short")
    assert doctor.key(key, None).level is Level.FAIL
    assert doctor.key(key, b"k" * 32).level is Level.OK
    assert doctor.key(key, b"k").level is Level.FAIL


async def test_other_rooms_add_their_checks(tmp_path: Path) -> None:
    async def models() -> list[Check]:
        return [warn("models", "offline", "Set ANTHROPIC_API_KEY.")]

    found = await examine(Place(data=tmp_path), ok("secret key", "given"), extra=[models])
    assert [check.name for check in found] == ["data folder", "disk", "secret key", "database", "models"]


def test_a_failure_is_exit_code_1_and_settings_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    report([ok("a", "fine"), warn("b", "hm", "look")], settings={"PORT": "8080"}, as_json=False)
    assert "PORT = 8080" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="1"):
        report([ok("a", "fine"), fail("b", "bad", "mend")], settings={}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "settings": {},
        "checks": [
            {"name": "a", "level": "ok", "what": "fine", "remedy": ""},
            {"name": "b", "level": "fail", "what": "bad", "remedy": "mend"},
        ],
    }


def test_from_an_empty_folder_to_a_sound_desk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = cid("doctor", "--data", data, "--json")
    assert before.returncode == 0
    assert not data.exists(), "looking makes nothing"

    made = cid("migrate", "--data", data)
    assert made.returncode == 0, made.stderr
    assert "applying   0001_pre_start" in made.stderr
    assert json.loads(cid("migrate", "--data", data, "--json").stdout) == {"applied": [], "waiting": []}

    after = cid("doctor", "--data", data, "--json")
    assert after.returncode == 0
    checks = {check["name"]: check["level"] for check in json.loads(after.stdout)["checks"]}
    assert checks["database"] == checks["policies"] == checks["login of worker"] == "ok"
    assert join(data) is None, "no server is left behind"


def test_a_wrong_set_up_is_one_sentence_and_an_exit_code_of_its_own(tmp_path: Path) -> None:
    key = {"CID_SECRET_KEY": "k" * 32}
    for env, said in (
        ({"DATABASE_URL": "nonsense", **key}, "DATABASE_URL must begin with postgresql://"),
        ({"DATABASE_URL": "postgresql://a@localhost:1/b", **key}, "does not answer"),
        ({"DATABASE_URL": "postgresql://a@localhost:1/b", "CID_SECRET_KEY": "short"}, "fewer than 32"),
        ({"PG_BINDIR": str(tmp_path)}, "PG_BINDIR is"),
    ):
        done = cid("migrate", "--data", tmp_path / "data", env=env)
        assert done.returncode == 3
        assert said in done.stderr
        assert done.stderr.startswith("cid: ")
        assert done.stderr.count("\n") == 1


def test_a_command_joins_the_server_that_runs(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", durable=False)
    server.start()
    try:
        assert server.process
        pid = server.process.pid
        asyncio.run(prepare(server))
        assert cid("migrate", "--data", tmp_path / "data").returncode == 0
        found = json.loads(cid("doctor", "--data", tmp_path / "data", "--json").stdout)
        assert {check["what"] for check in found["checks"] if check["name"] == "database"} == {"embedded, runs"}
        assert server.process.poll() is None
        assert server.process.pid == pid
    finally:
        server.stop()
