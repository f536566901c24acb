"""Addresses: what makes two of them one, who speaks at them, and what in them is a secret."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import idna

from cid.text.clean import clean

LIMIT = 2000
_PORTS = {"http": 80, "https": 443}
_TRACKING_PREFIXES = ("utm_", "mtm_")
_TRACKING_NAMES = """
    fbclid _openstat fb_action_ids fb_action_types fb_ref fb_source fb_comment_id hmb_campaign hmb_medium
    hmb_source itm_campaign itm_medium itm_source gclid dclid gbraid wbraid gclsrc campaign_id campaign_medium
    campaign_name campaign_source campaign_term campaign_content srsltid yclid ysclid twclid msclkid mc_cid
    mc_eid mc_tc wickedid hsa_cam _hsenc __hssc __hstc __hsfp _hsmi hsctatracking rb_clickid oly_anon_id
    oly_enc_id vero_id vero_conv mkt_tok sc_cid _bhlid _branch_match_id _branch_referrer __readwiselocation
    igshid
"""
_TRACKING = frozenset(_TRACKING_NAMES.split())
_SECRET = re.compile(r"(^|[_-])(token|key|apikey|secret|auth|password|passwd|pwd|signature|sig)s?$", re.IGNORECASE)
# Reserved characters and anything already escaped stay as they are; the rest of what a path may not hold is escaped.
_SAFE = "%/:?#[]@!$&'()*+,;=~-._"
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")


def absolute(link: str, base: str = "") -> str:
    """`link` as an absolute http(s) address without white space in it, or the empty string where it is none."""
    link = re.sub(r"[\x00-\x20\x7f]+", lambda gap: "%20" if gap[0] == " " else "", clean(link))
    try:
        joined = urljoin(base, link) if base else link
        parts = urlsplit(joined)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in _PORTS or not host or not link:
        return ""
    return joined


def with_small_host(url: str) -> str:
    """An absolute address as it is but for the host, which is the same in any case."""
    scheme, _, rest = url.partition("://")
    end = next((place for place, character in enumerate(rest) if character in "/?#"), len(rest))
    user, at, host = rest[:end].rpartition("@")
    return f"{scheme.lower()}://{user}{at}{host.lower()}{rest[end:]}" if rest else url


def located(url: str) -> str:
    """Where something is fetched from: spelled in one way, with its whole query, which may be what the server asks for.

    The empty string where `url` is no http(s) address of at most LIMIT characters.
    """
    url = absolute(url)
    return _composed(urlsplit(url), urlsplit(url).query) if url else ""


def canonical(url: str) -> str:
    """An article's address as it is kept and fetched, or the empty string where `url` is no http(s) address of at most
    LIMIT characters.

    Scheme and host in lower case, without default port, tracking parameters and a fragment that only scrolls;
    parameters of content keep their order and spelling, because sites are addressed by them. `www`, scheme and a last
    slash stay: without asking the site nobody knows whether they matter to it.
    """
    url = absolute(url)
    if not url:
        return ""
    parts = urlsplit(url)
    return _composed(parts, "&".join(_kept(parts)), _page(parts.fragment))


def identity(url: str) -> str:
    """What makes two addresses one article, spelled as an address nobody fetches; empty where `url` is none.

    Further than `canonical`: http is https, `www.` and a last slash are nothing, parameters are sorted. A site that
    answers at both spellings sends one to the other, and feeds hold either. The case of a path stays, and so does every
    parameter that is not known to track: `/A` is not `/a`, and `?PRID=1` is not `?PRID=2`.
    """
    url = absolute(url)
    if not url:
        return ""
    parts = urlsplit(url)
    host = _host(parts).rpartition("@")[2].removeprefix("www.").removesuffix(":443")
    query = "&".join(sorted(_spelled(pair) for pair in _kept(parts)))
    path = _spelled(parts.path).rstrip("/")
    return urlunsplit(("https", host, path, query, _page(parts.fragment))) if host else ""


def _page(fragment: str) -> str:
    """The fragment where it names a page, as in `#!/news/1` and `#/news/1`, and not a place on one."""
    return _spelled(fragment) if fragment.startswith(("!", "/")) else ""


def _composed(parts: SplitResult, query: str, fragment: str = "") -> str:
    host = _host(parts)
    if not host:
        return ""
    spelled = urlunsplit((parts.scheme.lower(), host, _spelled(parts.path) or "/", _spelled(query), fragment))
    return spelled if len(spelled) <= LIMIT else ""


def _host(parts: SplitResult) -> str:
    """User and port included, where they matter. A name beyond ASCII is spelled as browsers do: by UTS 46."""
    name = (parts.hostname or "").rstrip(".")
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii").rstrip(".")
    except UnicodeError:
        return ""
    if not ascii_name:
        return ""
    host = f"[{ascii_name}]" if ":" in ascii_name else ascii_name
    if parts.port is not None and parts.port != _PORTS[parts.scheme.lower()]:
        host = f"{host}:{parts.port}"
    user = parts.netloc.rpartition("@")[0]
    return f"{user}@{host}" if user else host


def _kept(parts: SplitResult) -> list[str]:
    """The query's parameters without tracking. `ref` is one only when it names the site itself."""
    own = site(urlunsplit(parts))
    kept = []
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        lower = unquote(name).lower()
        if lower in _TRACKING or lower.startswith(_TRACKING_PREFIXES) or (lower == "ref" and _bare(value) == own):
            continue
        if pair:
            kept.append(pair)
    return kept


def _spelled(part: str) -> str:
    """Escapes in upper case, needless ones undone, missing ones added."""
    escaped = quote(part, safe=_SAFE)
    plain = _UNRESERVED.sub(lambda escape: unquote(escape[0]), escaped)
    return _ESCAPE.sub(lambda escape: escape[0].upper(), plain)


def url_hash(url: str) -> bytes:
    """SHA-256 of the identity: what makes an item one."""
    return hashlib.sha256((identity(url) or url).encode("utf-8", "replace")).digest()


def site(url: str) -> str:
    """The host without `www.`, in lower case: who speaks. Empty where there is none."""
    try:
        return _bare(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def host_and_port(url: str) -> str:
    """`news.test:8080`, with the scheme's own port where none is given. Empty where there is no host."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""


def _bare(host: str) -> str:
    return host.lower().rstrip(".").removeprefix("www.")


def credentials(url: str) -> tuple[str, str, str]:
    """The address without user and password, then these two, unescaped."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(name), unquote(password)


def secret(url: str) -> bool:
    """Whether the address lets in whoever knows it: by a password, or a parameter that is named like a key."""
    parts = urlsplit(url)
    return "@" in parts.netloc or any(_SECRET.search(pair.partition("=")[0]) for pair in parts.query.split("&"))


def shown(url: str) -> str:
    """The address with its secrets blotted out, for pages and logs."""
    parts = urlsplit(url)
    pairs = []
    for pair in parts.query.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}=•••" if equals and _SECRET.search(name) else pair)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"•••@{host}" if at and user else host, query="&".join(pairs)))
