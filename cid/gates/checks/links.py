"""Where a draft sends its readers: to the evidence and to the tenant's own articles, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from cid.domain.evidence import EvidenceState
from cid.domain.ground import Link
from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding, listed
from cid.text.links import foreign, sites
from cid.text.urls import absolute, identity

_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?=[:/?#]|$)")
_WEB = re.compile(r"https?://[^\s)>\]\"]{1,2000}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_DIALLED = re.compile(r"(?<![\w.,/-])(?:\+|00|\(?0|\(?[1-9])[\d(][\d\s().\u00a0/-]{5,18}\d(?![\w,/]|\.\d|-\d)")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[\s\u00a0.]\d{3})+")
_DATE = re.compile(r"\d{1,4}([-./ ])\d{1,2}\1\d{1,4}")
_RANGE = re.compile(r"\d{4}\s*[-/]\s*\d{2,4}")
_CALL = re.compile(
    r"(?:tel|phone|call|fax|dial|hotline|mobile|whatsapp|ruf|telefon|anruf|tél|appel|llam|teléfono|тел|звон)\w*\W{0,12}$",
    re.IGNORECASE,
)


def evidence(one: Material) -> Iterator[Finding]:
    """Nothing to stand on is an error, and no pass."""
    if one.pack.state is EvidenceState.NONE or not one.pack.claims:
        yield finding(
            Severity.CRITICAL,
            "fabrication",
            "evidence",
            "There is no evidence: nothing of this draft can be checked.",
            "Gather evidence, or let the story go.",
        )


def allowed_addresses(one: Material) -> frozenset[str]:
    """What a draft may link to, as it was given."""
    return frozenset(
        [*(claim.url for claim in one.pack.claims), *(url for _, url in one.pack.references), *one.internal]
    )


def links(one: Material) -> Iterator[Finding]:
    allowed = allowed_addresses(one)
    same = {identity(url): _query(url) for url in allowed}
    given = "\n".join(reference.url for reference in one.article.references)
    strangers = [*foreign(one.written, allowed), *(url for url in given.split("\n") if url and url not in allowed)]
    for address in sorted({address for address in strangers if not _is_one_of(address, same)}):
        yield finding(
            Severity.CRITICAL,
            "fabrication",
            address,
            f"The address {address[:200]} is not in the evidence.",
            "Link only to the story's reports and to your own articles.",
        )


def checked(one: Material) -> list[Link]:
    """Every address of the text and its references."""
    same = {identity(url): _query(url) for url in allowed_addresses(one)}
    given = [*_WEB.findall(one.written), *(reference.url for reference in one.article.references)]
    return [Link(address, _is_one_of(address, same)) for address in dict.fromkeys(given) if address]


def _is_one_of(address: str, same: dict[str, str]) -> bool:
    """Another spelling of an allowed address. What a query carries is looked at whole, tracking parameters too: they
    are where a text would carry something out."""
    bare = address.rstrip(".,;:!?*_")
    url = absolute(bare) or (absolute(f"https://{bare}") if _HOST.match(bare) else "")
    key = identity(url) if url else ""
    return bool(key) and key in same and _query(url) in {"", same[key]}


def _query(url: str) -> str:
    return "&".join(sorted(urlsplit(url).query.split("&")))


def named_sites(one: Material) -> Iterator[Finding]:
    """Many programs turn a site's name into a link. One that two publishers write is a name like any other."""
    claims = one.pack.claims
    for name in sites(one.written, allowed_addresses(one)):
        named = {claim.publisher for claim in claims if name in f"{claim.text}\n{claim.title}".lower()}
        if len(named) < 2:
            yield finding(
                Severity.MAJOR,
                "brand_safety",
                name,
                "The text names this site, which " + ("only one publisher does." if named else "no report does."),
                "Take it out, unless you know the site.",
            )


def contacts(one: Material) -> Iterator[Finding]:
    """Telephone numbers and mail addresses: the other way to lead readers astray."""
    known = re.sub(r"\D", "", "|".join(part for part in _digits(one.ground)))
    numbers = [number for number in dialled(one.written) if re.sub(r"\D", "", number)[-7:] not in known]
    ground = "\n".join(one.ground).lower()
    mails = [mail for mail in _EMAIL.findall(one.written) if mail.lower() not in ground]
    if found := [*numbers, *mails]:
        yield finding(
            Severity.CRITICAL,
            "brand_safety",
            listed(found),
            "The text tells readers to turn to somebody whom no report names.",
            "Take the number or address out.",
        )


def _digits(texts: Iterable[str]) -> Iterator[str]:
    return (number for text in texts for number in dialled(text))


def dialled(text: str) -> Iterator[str]:
    """What can only be a telephone number: it begins with + or 00, or is called one; never a date, a span of years or
    a figure in groups of three."""
    for match in _DIALLED.finditer(text):
        number = match[0].strip()
        count = sum(char.isdigit() for char in number)
        if not 7 <= count <= 15 or _GROUPED.fullmatch(number) or _DATE.fullmatch(number) or _RANGE.fullmatch(number):
            continue
        called = _CALL.search(text, max(match.start() - 40, 0), match.start())
        separated = len(re.findall(r"[\s()./-]+", number)) >= 2 and number.lstrip("(")[0] == "0"
        if number.startswith(("+", "00")) or called or separated:
            yield number
