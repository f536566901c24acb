"""The ports, faked. Postgres never is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from cid.domain.ids import CallId
from cid.domain.llm import Answer, Ask, Json, Subject
from cid.domain.news import Polled, PollOutcome, Source
from cid.domain.outside import HttpFailure
from cid.domain.publication import Channel, Note
from cid.ports import Placed, Response, Sent, Standing


class FrozenClock:
    """Stands still until told otherwise."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by

    def follow(self, there: datetime, here: datetime) -> None:
        """Nobody tells it the time but the test."""


class FakeLlm:
    """Answers each subject by a function of (ask, subject); None leaves the subject without an answer."""

    def __init__(self, answer: Callable[[Ask, Subject], Mapping[str, Json] | None]) -> None:
        self.answer = answer
        self.asked: list[Ask] = []

    async def ask(self, ask: Ask) -> Mapping[str, Answer]:
        self.asked.append(ask)
        answers = {}
        for subject in ask.subjects:
            value = self.answer(ask, subject)
            if value is not None:
                answers[subject.key] = Answer(value=value, call_id=CallId(uuid4()), provider="fake/model")
        return answers


class FakeHttp:
    """Answers by exact address; an address it does not know is an error of the test."""

    def __init__(self, answers: Mapping[str, Response | HttpFailure] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 5_000_000,
        timeout_s: float = 30.0,
    ) -> Response:
        self.asked.append((method, url, dict(headers or {})))
        answer = self.answers[url]
        if isinstance(answer, HttpFailure):
            raise answer
        return answer


class InlineChildren:
    """Runs the children's functions in this process: the same code without the killing."""

    def __init__(self, functions: Mapping[str, Callable[[Json], Json]]) -> None:
        self.functions = functions

    async def call(self, name: str, value: Json, *, timeout_s: float = 5.0) -> Json:
        return self.functions[name](value)


class FakeReader:
    """A source that reports what it was given."""

    def __init__(self, polled: Polled | None = None) -> None:
        self.polled = polled or Polled(outcome=PollOutcome.EMPTY)

    async def poll(self, source: Source) -> Polled:
        return self.polled


class FakePublisher:
    """A channel that remembers what it was sent; `fail_next` is raised once, after `lose` decided what arrived."""

    def __init__(self) -> None:
        self.posts: dict[str, Mapping[str, Json]] = {}
        self.canonicals: dict[str, str | None] = {}
        self.sent = 0
        self.fail_next: Exception | None = None
        self.find_fails: Exception | None = None
        self.arrives = True
        self.patience = timedelta(0)

    @property
    def timeout(self) -> timedelta:
        return self.patience

    async def check(self, channel: Channel) -> Standing:
        return Standing(account="the tests")

    async def find(self, sent: Sent) -> Placed | None:
        if self.find_fails:
            raise self.find_fails
        return self._placed(sent) if sent.key in self.posts else None

    async def publish(self, sent: Sent) -> Placed:
        self.sent += 1
        if self.arrives:
            assert sent.key not in self.posts, "published twice"
            self.posts[sent.key] = sent.payload
            self.canonicals[sent.key] = sent.canonical
        if self.fail_next:
            error, self.fail_next = self.fail_next, None
            raise error
        return self._placed(sent)

    async def update(self, sent: Sent) -> Placed:
        assert sent.key in self.posts, "updated what is not there"
        self.posts[sent.key] = sent.payload
        return self._placed(sent)

    async def retract(self, sent: Sent) -> None:
        self.posts.pop(sent.key, None)

    async def look(self, sent: Sent) -> list[Note]:
        return []

    @staticmethod
    def _placed(sent: Sent) -> Placed:
        return Placed(external_id=sent.key, url=f"{sent.channel.base_url}/{sent.key}")
