"""Letters: a subject, plain text that is complete by itself, and the same as HTML. Values in, text out."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cid.domain.mail import Attachment, Letter

SUBJECT_LIMIT = 200
"""Characters of a subject. RFC 5322 allows 998 a line; nobody shows as many as these."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """What the reader is asked to do, and where."""

    label: str
    url: str


def letter(
    *,
    to: str,
    subject: str,
    paragraphs: Sequence[str],
    button: Button | None = None,
    after: Sequence[str] = (),
    language: str = "en",
    headers: Mapping[str, str] | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """A short letter about one thing. `after` is said in small print: who asked for it, how long the link works."""
    subject = headline(subject)
    asked = [f"{button.label}:\n{button.url}"] if button else []
    text = "\n\n".join([*paragraphs, *asked, *after]) + "\n"
    html = (
        environment()
        .get_template("letter.html")
        .render(language=language, subject=subject, paragraphs=paragraphs, button=button, after=after)
    )
    more = dict(headers or {})
    return Letter(to=to, subject=subject, text=text, html=html, headers=more, attachments=attachments)


def headline(subject: str) -> str:
    """`subject` as one line."""
    line = _BREAKS.sub(" ", subject).strip()
    return line if len(line) <= SUBJECT_LIMIT else line[: SUBJECT_LIMIT - 1].rstrip() + "…"


def packed(value: Letter) -> str:
    """As the vault is given it to seal, for `mail:ID`."""
    attached = [{**asdict(one), "body": b64encode(one.body).decode()} for one in value.attachments]
    return json.dumps({**asdict(replace(value, attachments=())), "attachments": attached}, ensure_ascii=False)


def unpacked(text: str, *, message_id: str) -> Letter:
    """The other way, on its way out."""
    kept = json.loads(text)
    attached = tuple(Attachment(**{**one, "body": b64decode(one["body"])}) for one in kept.pop("attachments", ()))
    return Letter(**{**kept, "attachments": attached, "message_id": message_id})


@cache
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
