"""The guarded client: where it goes, where it does not, and what it gives away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from cid.domain.outside import HttpFailure, HttpTrouble
from cid.outside.addresses import is_public
from cid.outside.http import GuardedHttp, _Hosts
from tests.hostile import Hostile, hostile_server

PRIVATE = (
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "0",
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "100.100.100.200",
    "192.168.1.1",
    "172.16.0.1",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "192.0.0.192",
)


@pytest.fixture
async def hostile() -> AsyncIterator[Hostile]:
    async with hostile_server() as server:
        yield server


@pytest.fixture
async def http(hostile: Hostile) -> AsyncIterator[GuardedHttp]:
    allowed = [f"127.0.0.1:{hostile.port}", f"localhost:{hostile.port}"]
    async with GuardedHttp(allow_local=allowed) as client:
        yield client


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_spelling_of_a_private_address_is_connected_to(hostile: Hostile, host: str) -> None:
    async with GuardedHttp(ports=frozenset({hostile.port})) as http:
        with pytest.raises(HttpFailure) as failure:
            await http.request("GET", f"http://{host}:{hostile.port}/good", timeout_s=2)
    assert hostile.asked == []
    assert failure.value.trouble in {HttpTrouble.ADDRESS, HttpTrouble.DNS}
    assert host not in failure.value.public


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "2002:5db8:d822::1"])
def test_public_addresses_are_public_in_every_form(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "::ffff:10.0.0.1", "2002:a00:1::", "fec0::1", "ff02::1", "x"])
def test_local_addresses_are_local_in_every_form(address: str) -> None:
    assert not is_public(address)


class Names(AbstractResolver):
    """Answers a name with one address after the other."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.addresses.pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        self.addresses.clear()


async def test_a_name_that_turns_private_after_the_look_up_is_stopped_at_the_socket(hostile: Hostile) -> None:
    async with GuardedHttp(ports=frozenset({hostile.port})) as http:
        connector: Any = http._session.connector  # type: ignore[union-attr]
        connector._resolver = Names("127.0.0.1")
        with pytest.raises(HttpFailure) as failure:
            await http.request("GET", f"http://rebound.test:{hostile.port}/good")
    assert (failure.value.trouble, hostile.asked) == (HttpTrouble.ADDRESS, [])


async def test_another_name_for_an_allowed_address_is_not_allowed(hostile: Hostile) -> None:
    async with GuardedHttp(allow_local=[f"127.0.0.1:{hostile.port}"], ports=frozenset({hostile.port})) as http:
        assert (await http.request("GET", hostile.url("good"))).status == 200
        with pytest.raises(HttpFailure, match="private network"):
            await http.request("GET", f"http://localhost:{hostile.port}/good")


async def test_only_the_exact_pair_is_allowed(hostile: Hostile) -> None:
    async with GuardedHttp(allow_local=["127.0.0.1:1"]) as http:
        with pytest.raises(HttpFailure) as failure:
            await http.request("GET", hostile.url("good"))
    assert (failure.value.trouble, hostile.asked) == (HttpTrouble.ADDRESS, [])


@pytest.mark.parametrize("pair", ["127.0.0.1", "", "x:y", ":80"])
def test_a_pair_that_is_none_is_refused_at_the_start(pair: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        GuardedHttp(allow_local=[pair])


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.test/", "http://", "http://u:p@a.test/", "http://a.test:22/", "x"]
)
async def test_addresses_that_are_not_fetched_are_refused_before_anything_is_sent(http: GuardedHttp, url: str) -> None:
    with pytest.raises(HttpFailure) as failure:
        await http.request("GET", url)
    assert failure.value.trouble is HttpTrouble.ADDRESS


async def test_a_proxy_of_the_environment_is_not_used(
    hostile: Hostile, http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await http.request("GET", hostile.url("good"))).status == 200


async def test_secrets_do_not_follow_a_redirect_to_another_site(hostile: Hostile, http: GuardedHttp) -> None:
    headers = {"Authorization": "Basic x", "Cookie": "y", "X-Plain": "z"}
    answer = await http.request("GET", hostile.url("elsewhere"), headers=headers)
    assert b"x-plain: z" in answer.body
    assert b"authorization" not in answer.body
    assert b"cookie" not in answer.body


async def test_a_write_is_never_redirected(hostile: Hostile, http: GuardedHttp) -> None:
    with pytest.raises(HttpFailure, match="redirect"):
        await http.request("POST", hostile.url("302"), body=b"{}")
    assert len(hostile.asked) == 1


async def test_the_answer_tells_where_the_last_redirect_led(hostile: Hostile, http: GuardedHttp) -> None:
    answer = await http.request("GET", hostile.url("302"))
    assert (answer.status, answer.url) == (200, hostile.url("good"))


async def test_the_cap_counts_what_comes_out_and_not_what_was_sent(hostile: Hostile, http: GuardedHttp) -> None:
    for path in ("bomb", "endless"):
        with pytest.raises(HttpFailure) as failure:
            await http.request("GET", hostile.url(path), max_bytes=1_000_000)
        assert failure.value.trouble is HttpTrouble.TOO_LARGE


async def test_requests_to_one_host_keep_their_distance() -> None:
    hosts = _Hosts(spacing_s=5.0, at_once=2)
    pauses = [hosts._pause("a.test") for _ in range(3)]
    assert [round(pause) for pause in pauses] == [0, 5, 10]
    assert hosts._pause("b.test") == 0


async def test_no_more_than_so_many_requests_to_one_host_run_at_once() -> None:
    hosts = _Hosts(spacing_s=0, at_once=2)
    async with hosts.turn("a.test"), hosts.turn("a.test"), hosts.turn("b.test"), hosts.turn(""):
        third = asyncio.ensure_future(hosts.turn("a.test").__aenter__())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not third.done()
        third.cancel()
        await asyncio.gather(third, return_exceptions=True)
    assert hosts._turns == {}
