"""Photos of Pexels, which may be used with a credit.

    GET https://api.pexels.com/v1/search?query&per_page&orientation&locale, header Authorization: KEY
    → {"photos": [{"id", "width", "height", "url", "photographer", "photographer_url", "alt", "src": {…}}]}

https://www.pexels.com/api/documentation: 200 requests an hour; X-Ratelimit-Remaining and -Reset (Unix seconds) say what
is left. Whoever asks keeps the pace; what the server says of it is kept here.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from cid.domain.errors import Misconfigured, Refused, Upstream
from cid.domain.images import MOST_BYTES, Photo
from cid.domain.outside import ChildFailure, HttpFailure
from cid.text.clean import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cid.domain.llm import Json
    from cid.ports import Children, Clock, Http, Response

KEY = "PEXELS_API_KEY"
NAME = "pexels"
RESULTS = 12
MAX_BYTES = 1_000_000
TIMEOUT_S = 15.0
HOST = "images.pexels.com"
"""Where its pictures are, and nowhere else: the key's answer cannot send us about."""
LOCALES = {
    "en": "en-US", "pt": "pt-BR", "es": "es-ES", "ca": "ca-ES", "de": "de-DE", "it": "it-IT", "fr": "fr-FR",
    "sv": "sv-SE", "id": "id-ID", "pl": "pl-PL", "ja": "ja-JP", "zh": "zh-CN", "ko": "ko-KR", "th": "th-TH",
    "nl": "nl-NL", "hu": "hu-HU", "vi": "vi-VN", "cs": "cs-CZ", "da": "da-DK", "fi": "fi-FI", "uk": "uk-UA",
    "el": "el-GR", "ro": "ro-RO", "nb": "nb-NO", "sk": "sk-SK", "tr": "tr-TR", "ru": "ru-RU",
}  # fmt: skip
_REST = timedelta(minutes=10)
"""Where it asks for rest without saying how long."""


class Pexels:
    """Satisfies `ports.Images`."""

    def __init__(self, http: Http, children: Children, clock: Clock, *, key: str, base: str) -> None:
        self._http = http
        self._children = children
        self._clock = clock
        self._key = key
        self._base = base
        self._until: datetime | None = None

    @property
    def name(self) -> str:
        return NAME

    async def search(self, words: str, *, language: str = "") -> Sequence[Photo]:
        now = self._clock.now()
        if self._until and now < self._until:
            raise Upstream("Pexels has given out all that it gives in an hour.", retry_after=self._until - now)
        asked = {"query": words, "per_page": str(RESULTS), "orientation": "landscape"}
        locale = LOCALES.get(language.partition("-")[0].lower())
        url = f"{self._base}/v1/search?{urlencode(asked | ({'locale': locale} if locale else {}))}"
        answer = await self._get(url, headers={"Authorization": self._key}, max_bytes=MAX_BYTES)
        self._note(answer.headers, empty=answer.status == 429)
        self._judge(answer)
        try:
            said = await self._children.call("parse_pexels", {"body": b64encode(answer.body).decode()})
        except ChildFailure:
            raise Upstream("Pexels answers something that could not be read within its limits.") from None
        if "error" in said:
            raise Upstream(f"Pexels answers {said['error']}.")
        return [Photo(**photo) for photo in said["photos"]]

    async def fetch(self, photo: Photo) -> bytes:
        answer = await self._get(photo.url, headers={}, max_bytes=MOST_BYTES)
        if answer.status in {404, 410}:
            raise Refused("This picture is not there any more. Choose another.")
        self._judge(answer)
        return answer.body

    async def _get(self, url: str, *, headers: Mapping[str, str], max_bytes: int) -> Response:
        try:
            return await self._http.request("GET", url, headers=headers, max_bytes=max_bytes, timeout_s=TIMEOUT_S)
        except HttpFailure as failure:
            raise Upstream(f"Pexels: {failure.public}") from None

    def _note(self, headers: Mapping[str, str], *, empty: bool) -> None:
        """Nothing is asked before the moment that it names once nothing is left."""
        if not (empty or headers.get("x-ratelimit-remaining") == "0"):
            return
        now, said = self._clock.now(), headers.get("x-ratelimit-reset", "")
        reset = datetime.fromtimestamp(int(said), UTC) if said.isdecimal() and len(said) <= 11 else now + _REST
        self._until = min(max(reset, now), now + timedelta(days=31))

    def _judge(self, answer: Response) -> None:
        """Raises for every status but 200."""
        if answer.status == 200:
            return
        if answer.status in {401, 403}:
            raise Misconfigured(f"Pexels does not take the key in {KEY} ({answer.status}).")
        if answer.status == 429 and self._until:
            wait = self._until - self._clock.now()
            raise Upstream("Pexels asks to be left alone for a while.", retry_after=wait)
        if answer.status in {400, 404, 422}:
            raise Refused(f"Pexels cannot search for these words ({answer.status}).")
        raise Upstream(f"Pexels failed ({answer.status}).")


def parse_pexels(value: Json) -> Json:
    """{"body": base64} → {"photos": [Photo's fields]} or {"error"}. Runs in a child."""
    try:
        answer = json.loads(b64decode(value["body"]))
    except (ValueError, RecursionError):
        return {"error": "something that is not JSON"}
    listed = answer.get("photos") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        return {"error": "nothing about photos"}
    return {"photos": [photo for row in listed[: 2 * RESULTS] if (photo := _photo(row))][:RESULTS]}


def _photo(row: Any) -> Json | None:
    source = row.get("src") if isinstance(row, dict) else None
    if not isinstance(source, dict) or isinstance(row.get("id"), bool) or not isinstance(row.get("id"), int):
        return None
    url, thumbnail = str(source.get("large2x") or ""), str(source.get("tiny") or "")
    sides = [row.get("width"), row.get("height")]
    if not (_theirs(url) and _theirs(thumbnail) and all(isinstance(side, int) and side > 0 for side in sides)):
        return None
    return {
        "provider": NAME,
        "external_id": str(row["id"]),
        "url": url,
        "thumbnail": thumbnail,
        "page_url": _page(row.get("url")),
        "width": sides[0],
        "height": sides[1],
        "author": line(str(row.get("photographer") or ""), 100),
        "author_url": _page(row.get("photographer_url")),
        "alt": line(str(row.get("alt") or ""), 300),
    }


def _theirs(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https" and urlsplit(url).hostname == HOST and len(url) <= 2000
    except ValueError:
        return False


def _page(url: Any) -> str:
    """Of Pexels; anything else is not linked to."""
    try:
        parts = urlsplit(str(url or ""))
        ours = parts.scheme == "https" and parts.hostname in {"www.pexels.com", "pexels.com"}
    except ValueError:
        return ""
    return str(url) if ours and len(str(url)) <= 2000 else ""
