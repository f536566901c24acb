"""A stored call as the question it was, and its stored reply read anew. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.llm.prompts import Prompt, canonical
from cid.llm.wire import Form, Read, read

_NO_PROMPT = Prompt(
    name="", version="", sha256=b"", placeholders=frozenset(), system="", tenant="", instruction=""
)  # a reply is read without it
TIMEOUT_S = 150.0
SHOWN = 120
"""Characters of a value in the sentence about its difference."""


def asked(
    request: Mapping[str, Json],
    keys: Mapping[str, str],
    schema: Mapping[str, Json],
    *,
    tenant: TenantId,
    stage: str,
    tier: str,
    prompt: str,
) -> Ask:
    """`keys`: opaque id → subject key. Shared parts, inputs and addresses as they were, the schema as it is given."""
    inputs: Mapping[str, Mapping[str, Json]] = request.get("inputs", {})
    return Ask(
        tenant=tenant,
        stage=stage,
        tier=Tier(tier),
        prompt=prompt,
        shared=request.get("shared", {}),
        subjects=tuple(Subject(key=key, input=inputs[id_]) for id_, key in keys.items() if id_ in inputs),
        schema=schema,
        max_tokens=int(request.get("max_tokens", 1000)),
        timeout_s=TIMEOUT_S,
        addresses=tuple(request.get("addresses", ())),
    )


def read_again(ask: Ask, reply: str, ids: Sequence[str], *, reading: str) -> Read:
    """`reading` is how it was read: what was looked for within prose then is looked for there again."""
    return read(Form(ask, _NO_PROMPT), reply, ids, lenient=reading not in {"", "strict"})


def differences(then: Mapping[str, Mapping[str, Json]], now: Read, reading: str) -> Iterator[str]:
    """One sentence for each thing that is read otherwise than it was kept; answers by opaque id."""
    for id_ in sorted({*then, *now.values}, key=_natural):
        if id_ not in now.values:
            yield f"{id_}: an answer was kept; today there is none ({now.problems.get(id_, 'not answered')})"
        elif id_ not in then:
            yield f"{id_}: nothing was kept; today there is an answer: {_short(now.values[id_])}"
        else:
            for where, before, after in _changed(then[id_], now.values[id_], ""):
                yield f"{id_}: {where or 'the answer'} was {before} and is {after}"
    if then and reading and reading != now.reading:
        yield f"the JSON was found as {reading} and is found as {now.reading}"


def _changed(before: Json, after: Json, where: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            path = f"{where}.{name}" if where else name
            if name in before and name in after:
                yield from _changed(before[name], after[name], path)
            elif name in before:
                yield path, _short(before[name]), "absent"
            else:
                yield path, "absent", _short(after[name])
    elif canonical(before) != canonical(after):
        yield where, _short(before), _short(after)


def _short(value: Json) -> str:
    text = canonical(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def _natural(id_: str) -> tuple[int, str]:
    return len(id_), id_
