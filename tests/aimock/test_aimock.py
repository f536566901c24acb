"""The providers before a double of all vendors that this project did not write: what both sides took for granted shows.

`make aimock` installs it. Without it, or without node, every test here is skipped and says so; the desk needs neither.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cid.domain.errors import CidError, Unanswered, Upstream
from cid.domain.llm import Stop, Usage
from cid.llm.anthropic import Anthropic
from cid.llm.google import Google
from cid.llm.openai import OpenAi
from tests.asks import relevance, wire
from tests.providers import Remote

pytestmark = pytest.mark.aimock
SERVER = Path(__file__).parent / "node_modules/@copilotkit/aimock/dist/cli.js"
# One fixture serves all vendors, so each vendor's name for the same count stands in it.
COUNTED = {
    "input_tokens": 120,
    "prompt_tokens": 120,
    "promptTokenCount": 120,
    "output_tokens": 30,
    "completion_tokens": 30,
    "candidatesTokenCount": 30,
}
TEXT = '{"answers": [{"id": "a1"}]}'
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "well": {"response": {"content": TEXT, "usage": COUNTED}},
    "cut": {"response": {"content": TEXT[:9], "finishReason": "length", "usage": COUNTED}},
    "filtered": {"response": {"content": "", "finishReason": "content_filter", "usage": COUNTED}},
    "limited": {"response": {"error": {"message": "no", "type": "rate_limit"}, "status": 429, "retryAfter": 9}},
    "down": {"response": {"error": {"message": "no", "type": "api_error"}, "status": 503}},
    "overloaded": {"response": {"error": {"message": "no", "type": "overloaded_error"}, "status": 529}},
    "dropped": {"response": {"content": TEXT}, "chaos": {"dropRate": 1}},
    "malformed": {"response": {"content": TEXT}, "chaos": {"malformedRate": 1}},
    "disconnected": {"response": {"content": TEXT}, "chaos": {"disconnectRate": 1}},
}
"""By the name of the model."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not SERVER.exists():
        pytest.skip(
            "NO PROVIDER WAS TRIED BEFORE A DOUBLE BY OTHERS: run `make aimock`, which wants node 20.15 or newer"
        )
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(
        json.dumps({"fixtures": [{"match": {"model": name}, **answer} for name, answer in ANSWERS.items()]})
    )
    command = [node, str(SERVER), "-p", "0", "-f", str(fixtures), "--strict"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout
        try:
            said = next((line for line in server.stdout if "listening on http://" in line), "")
            assert said, f"it did not start: {server.wait(10)}"
            yield said.split()[-1]
        finally:
            server.terminate()


@pytest.fixture(params=["anthropic", "google", "openai", "ollama"])
async def remote(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Remote]:
    made: Remote
    match request.param:
        case "anthropic":
            made = Anthropic("key", traits={}, base_url=url, strict=True)
        case "google":
            # The version that it knows, and that an alias like `-latest` wants.
            made = Google("key", traits={}, base_url=url, api_version="v1beta")
        case name:
            made = OpenAi(name, "key", traits={}, base_url=f"{url}/v1", keyless=name == "ollama", strict=True)
    yield made
    await made.close()


def journal(url: str) -> list[dict[str, Any]]:
    """What it received, as it understood it."""
    with urllib.request.urlopen(f"{url}/__aimock/journal") as answer:
        entries: list[dict[str, Any]] = json.load(answer)
    return entries


async def test_a_reply_comes_through_with_what_it_used(remote: Remote) -> None:
    raw = await remote.complete(wire(relevance(), "well"))
    assert (raw.text, raw.stop, raw.usage) == (TEXT, Stop.END, Usage(input=120, output=30))


async def test_what_was_sent_is_understood_as_it_was_meant(remote: Remote, url: str) -> None:
    """The system alone first, and strangers' words in a tool's result or in the fenced user turn."""
    await remote.complete(wire(relevance(), "well"))
    messages = journal(url)[-1]["body"]["messages"]
    assert messages[0]["role"] == "system"
    assert "Harbour" not in messages[0]["content"]
    (holding,) = [message for message in messages if "Harbour 0" in (message["content"] or "")]
    assert holding["role"] == ("tool" if remote.name == "anthropic" else "user")


async def test_a_cut_reply_is_told_from_an_ended_one(remote: Remote) -> None:
    raw = await remote.complete(wire(relevance(), "cut"))
    assert (raw.stop, raw.usage.output) == (Stop.LENGTH, 30)


async def test_a_filtered_reply_is_a_refusal(url: str) -> None:
    """Not Claude: there it gives a reason that the vendor does not have."""
    for remote in (
        Google("key", traits={}, base_url=url, api_version="v1beta"),
        OpenAi("openai", "key", traits={}, base_url=f"{url}/v1"),
    ):
        assert (await remote.complete(wire(relevance(), "filtered"))).stop is Stop.REFUSAL
        await remote.close()


@pytest.mark.parametrize(
    ("model", "failure", "wait"),
    [
        ("limited", Upstream, timedelta(seconds=9)),
        ("down", Upstream, None),
        ("overloaded", Upstream, None),
        ("dropped", Upstream, None),
        ("malformed", Unanswered, None),
        ("disconnected", Unanswered, None),
        ("unheard-of", Upstream, None),
    ],
)
async def test_each_failure_has_its_name_and_is_sent_once(
    remote: Remote, url: str, model: str, failure: type[CidError], wait: timedelta | None
) -> None:
    before = len(journal(url))
    with pytest.raises(failure) as caught:
        await remote.complete(wire(relevance(), model))
    assert type(caught.value) is failure
    assert getattr(caught.value, "retry_after", None) == wait
    assert len(journal(url)) == before + 1
