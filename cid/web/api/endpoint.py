"""What one address of the API is: who may ask, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from cid.domain.programs import Bearer, Scope
    from cid.domain.tenants import Actor
    from cid.services import Services

Q = TypeVar("Q")
B = TypeVar("B")
R = TypeVar("R")
ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No parameters, or no body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[Q, B]):
    """One request, read and let in."""

    sv: Services
    bearer: Bearer
    ids: Mapping[str, UUID]
    """Of the address."""
    query: Q
    body: B
    agent: str
    """What the program calls itself."""

    @property
    def actor(self) -> Actor:
        return self.bearer.actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    """Below /api/v1; `{name}` is an id."""
    name: str
    scope: Scope | None
    """None: any token."""
    query: type
    body: type
    answer: type
    status: int
    handler: Callable[[Asked[Any, Any]], Awaitable[Any]]
    about: str

    @property
    def route(self) -> str:
        """As the router wants it."""
        return "/api/v1" + self.path.replace("}", f":{ID}}}")


def get(
    name: str,
    path: str,
    scope: Scope | None,
    handler: Callable[[Asked[Q, Nothing]], Awaitable[R]],
    *,
    query: type[Q],
    answer: type[R],
    about: str,
) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        name=name,
        scope=scope,
        query=query,
        body=Nothing,
        answer=answer,
        status=200,
        handler=handler,
        about=about,
    )


def post(
    name: str,
    path: str,
    scope: Scope,
    handler: Callable[[Asked[Nothing, B]], Awaitable[R]],
    *,
    body: type[B],
    answer: type[R],
    about: str,
    status: int = 200,
) -> Endpoint:
    """`handler`, `body` and `answer` belong together: other triples do not pass the type checker."""
    return Endpoint(
        method="POST",
        path=path,
        name=name,
        scope=scope,
        query=Nothing,
        body=body,
        answer=answer,
        status=status,
        handler=handler,
        about=about,
    )
