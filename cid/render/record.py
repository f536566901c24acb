"""The approval record of a draft: who decided what on which bytes, what they had seen, and what became of it.

It is what shows the exception of Article 50(4) of Regulation (EU) 2024/1689: a person reviewed the text, and somebody
holds editorial responsibility. Values in, plain JSON out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
FORMAT = "cid-approval-record/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the chain from a decision to what readers see."""

    what: str
    holds: bool
    detail: str


def approval_record(
    *,
    tenant: str,
    draft: str,
    decisions: Sequence[Row],
    versions: Sequence[Row],
    reviews: Sequence[Row],
    calls: Sequence[Row],
    publications: Sequence[Row],
) -> dict[str, Any]:
    """As `store/records.py` reads them."""
    by_version = {version["id"]: version for version in versions}
    made_by = {call["id"]: call for call in calls}
    return {
        "format": FORMAT,
        "tenant": tenant,
        "draft": draft,
        "versions": [
            {
                "number": version["number"],
                "sha256": version["sha256"],
                "author": version["author"],
                "who": version["who"],
                "provider": version["provider"],
                "call": _call(made_by.get(version["call_id"])),
                "renderer": version["renderer"],
                "made_at": _time(version["made_at"]),
            }
            for version in versions
        ],
        "reviews": [
            {
                "version": by_version[review["version_id"]]["number"],
                "outcome": review["outcome"],
                "score": review["score"],
                "findings": json.loads(review["findings"]),
                "call": _call(made_by.get(review["call_id"])),
                "made_at": _time(review["made_at"]),
            }
            for review in reviews
        ],
        "decisions": [_decision(made, by_version, reviews) for made in decisions],
        "publications": [
            {
                "id": str(post["id"]),
                "channel": post["channel"],
                "state": post["state"],
                "url": post["url"],
                "decision": str(post["decision_id"]),
                "sha256": post["sha256"],
                "live_at": _time(post["live_at"]),
                "disclosure": _disclosed(by_version.get(post["version_id"]), str(post["channel_id"])),
            }
            for post in publications
        ],
    }


def chain(*, decisions: Sequence[Row], versions: Sequence[Row], publications: Sequence[Row]) -> list[Link]:
    """Whether what is published goes back, hash by hash, to bytes that a person approved."""
    by_version = {version["id"]: version for version in versions}
    by_decision = {made["id"]: made for made in decisions}
    links = [
        Link(
            what=f"version {version['number']}",
            holds=bool(version["holds"]),
            detail=f"its bytes have the hash {version['sha256']}"
            if version["holds"]
            else "its bytes have another hash",
        )
        for version in versions
    ]
    for made in decisions:
        version = by_version.get(made["version_id"])
        same = version is not None and version["sha256"] == made["sha256"]
        links.append(
            Link(
                what=f"{made['kind']} by {made['who'] or 'somebody who has left'}",
                holds=same,
                detail=f"names version {version['number']}" if version and same else "names bytes that are not stored",
            )
        )
    return [*links, *(_posted(post, by_version, by_decision) for post in publications)]


def _posted(post: Row, by_version: Mapping[Any, Row], by_decision: Mapping[Any, Row]) -> Link:
    made, version = by_decision.get(post["decision_id"]), by_version.get(post["version_id"])
    if made is None or version is None or made["kind"] != "approve":
        return Link(what=f"publication on {post['channel']}", holds=False, detail="no approval stands behind it")
    same = post["sha256"] == made["sha256"] == version["sha256"]
    there = str(post["channel_id"]) in json.loads(version["payloads"])
    detail = f"sends version {version['number']}, as {made['who']} approved it"
    if not there:
        detail = "the approved version has no bytes for this channel"
    return Link(what=f"publication on {post['channel']}", holds=same and there, detail=detail)


def _decision(made: Row, by_version: Mapping[Any, Row], reviews: Sequence[Row]) -> dict[str, Any]:
    version, record = by_version[made["version_id"]], dict(made["record"])
    shown = next((review for review in reviews if str(review["id"]) == record.get("review")), None)
    edits = [
        {"number": one["number"], "who": one["who"]}
        for one in by_version.values()
        if one["author"] == "person" and one["number"] <= version["number"]
    ]
    return {
        "id": str(made["id"]),
        "kind": made["kind"],
        "version": version["number"],
        "sha256": made["sha256"],
        "by": {"id": str(made["user_id"]), "name": made["who"], "role": record.pop("role", "")},
        "at": _time(made["made_at"]),
        "via": made["via"],
        "reason": made["reason"],
        "seconds_on_page": record.pop("seconds", None),
        "findings_shown": json.loads(shown["findings"]) if shown else [],
        "edits_by_people": edits,
        "channels": record.pop("channels", []),
        "disclosure": {channel: _disclosed(version, channel) for channel in json.loads(version["payloads"])},
        **{name: record.get(name) for name in ("link", "address", "agent", "compared", "checklist")},
    }


def _disclosed(version: Row | None, channel: str) -> dict[str, Any]:
    """What readers are told there, and in which mode it was made."""
    payload = json.loads(version["payloads"]).get(channel, {}) if version else {}
    return {"mode": payload.get("disclosure_mode", ""), "text": payload.get("disclosure", [])}


def _call(call: Row | None) -> dict[str, str] | None:
    if call is None:
        return None
    return {
        "model": f"{call['provider']}/{call['model']}",
        "stage": call["stage"],
        "prompt": f"{call['prompt']}/{call['prompt_version']}",
        "prompt_sha256": call["prompt_hash"],
    }


def _time(at: Any) -> str | None:
    return at.isoformat() if at else None
