"""What the time of a refusal tells, and what 40 attempts at once come to.

    python -m bench.signin [--rounds 60]

A desk with an empty database of its own, its pages on a loopback port. In turns, so that whatever else the machine
does meets all alike, somebody tries to sign in: with the right password, with a wrong one, at an address that is
nobody's, at one that was switched off (with its right password), and at one that never chose a password; and asks for
a new password for an address that is somebody's and for one that is nobody's. Limits are cleared before each try, but
for the 40 at once, of which five count. One JSON line: milliseconds at the median and the 95th percentile, and each
median over that of a wrong password at a known address.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import TYPE_CHECKING

from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer

from cid.cli import frame
from cid.domain.tenants import Role
from cid.flows import people
from cid.web.app import make_app

if TYPE_CHECKING:
    from cid.services import Services

PASSWORD = "a long enough password"
TRIES = {
    "right": ("known@desk.test", PASSWORD),
    "wrong": ("known@desk.test", "another long password"),
    "unknown": ("nobody@desk.test", PASSWORD),
    "switched_off": ("off@desk.test", PASSWORD),
    "no_password": ("invited@desk.test", PASSWORD),
}
FORGOTTEN = {"forgot_known": "known@desk.test", "forgot_unknown": "nobody@desk.test"}


async def fill(sv: Services) -> None:
    await people.add_tenant(sv, name="Desk", slug="desk")
    for name in ("known", "off", "invited"):
        await people.add_user(sv, email=f"{name}@desk.test", name="", admin=False, tenant="desk", role=Role.EDITOR)
    for name in ("known", "off"):
        await people.set_password(sv, email=f"{name}@desk.test", password=PASSWORD)
    await people.disable_user(sv, email="off@desk.test")


async def clear(sv: Services) -> None:
    async with sv.platform.tx() as tx:
        await tx.execute("delete from limits")


async def post(session: ClientSession, url: str, **fields: str) -> tuple[int, float]:
    """The status, and milliseconds until the whole answer was there."""
    began = time.perf_counter()
    async with session.post(url, data=fields, allow_redirects=False) as answer:
        await answer.read()
        return answer.status, (time.perf_counter() - began) * 1000


def said(times: list[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(times), 2), "p95_ms": round(statistics.quantiles(times, n=20)[18], 2)}


async def measure(sv: Services, rounds: int) -> dict[str, object]:
    await fill(sv)
    server = TestServer(make_app(sv))
    await server.start_server()
    base = str(server.make_url("/")).rstrip("/")
    times: dict[str, list[float]] = {name: [] for name in (*TRIES, *FORGOTTEN)}
    statuses: dict[str, set[int]] = {name: set() for name in times}
    async with ClientSession(headers={"Origin": base}, cookie_jar=DummyCookieJar()) as session:
        for round_ in range(rounds + 5):
            for name, found in times.items():
                await clear(sv)
                if name in TRIES:
                    email, password = TRIES[name]
                    status, took = await post(session, f"{base}/sign-in", email=email, password=password)
                else:
                    status, took = await post(session, f"{base}/forgot", email=FORGOTTEN[name])
                if round_ >= 5:  # the first ones open connections and read templates
                    found.append(took)
                    statuses[name].add(status)
        await clear(sv)
        attempts = [post(session, f"{base}/sign-in", email="known@desk.test", password="guess") for _ in range(40)]
        at_once = [status for status, _ in await asyncio.gather(*attempts)]
    await server.close()
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "bench": "signin",
        "rounds": rounds,
        **{name: {**said(found), "status": sorted(statuses[name])} for name, found in times.items()},
        "over_wrong": {name: round(medians[name] / medians["wrong"], 3) for name in TRIES if name != "right"},
        "forgot_known_over_unknown": round(medians["forgot_known"] / medians["forgot_unknown"], 3),
        "at_once": {str(status): at_once.count(status) for status in sorted(set(at_once))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    print(json.dumps(frame.with_scratch(lambda sv: measure(sv, given.rounds))))


if __name__ == "__main__":
    main()
