"""Gate 3.5: is the story worth a whole article for exactly these readers? One cheap call, before the dear one.

What the model recommends goes into the question of gate 4. So it may only choose: an angle out of eight, claims by
their ids. Words of its own, made of what strangers wrote, go nowhere.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from cid.domain.angles import Angle
from cid.domain.errors import BadReply
from cid.domain.evidence import Claim, Pack
from cid.domain.fit import Fit, Risk
from cid.domain.ids import TenantId
from cid.domain.llm import Ask, Json, Subject, Tier
from cid.domain.policy import Fit as Numbers
from cid.domain.tenants import Profile
from cid.domain.verdicts import Drop, Pass, Reason, Signals, Verdict
from cid.text.audience import block
from cid.text.injection import without
from cid.text.links import unlinked

NO_ANGLE = "none"
_SHARE: Mapping[str, Json] = {"type": "number", "minimum": 0, "maximum": 1}
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "audience_relevance": _SHARE,
        "business_relevance": _SHARE,
        "actionability": _SHARE,
        "risk_level": {"type": "string", "enum": [str(risk) for risk in Risk]},
        "recommended_angle": {"type": "string", "enum": [*map(str, Angle), NO_ANGLE]},
        "claims_to_use": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
    },
    "required": [
        "audience_relevance", "business_relevance", "actionability", "risk_level", "recommended_angle",
        "claims_to_use",
    ],
    "additionalProperties": False,
}  # fmt: skip


def ask(profile: Profile, headline: str, claims: Sequence[Claim], *, tenant: TenantId, key: str) -> Ask:
    """`key` is the screening's id. Addresses are not shown: nothing here is to be linked."""
    (shown,) = without(headline)
    listed = [
        {"id": f"c{number}", "text": unlinked(claim.text), "publisher": unlinked(claim.publisher), "kind": claim.kind}
        for number, claim in enumerate(claims, 1)
    ]
    return Ask(
        tenant=tenant,
        stage="fit",
        tier=Tier.CHEAP,
        prompt="fit",
        shared={"client": block(profile)},
        subjects=(Subject(key=key, input={"headline": unlinked(shown), "claims": listed}),),
        schema=SCHEMA,
        max_tokens=1_200,
        timeout_s=40,
    )


def read(value: Mapping[str, Json], claims: Sequence[Claim]) -> Fit:
    """Raises BadReply. Ids of claims that were not shown are left out, and so is one that is named again."""
    known = {f"c{number}": key_of(claim) for number, claim in enumerate(claims, 1)}
    try:
        chosen = [known[id_] for id_ in value["claims_to_use"] if id_ in known]
        angle = value["recommended_angle"]
        return Fit(
            audience_relevance=_share(value, "audience_relevance"),
            business_relevance=_share(value, "business_relevance"),
            actionability=_share(value, "actionability"),
            risk_level=Risk(value["risk_level"]),
            recommended_angle=None if angle == NO_ANGLE else Angle(angle),
            claims_to_use=tuple(dict.fromkeys(chosen)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadReply(f"fit: {error!r}") from error


def _share(value: Mapping[str, Json], name: str) -> float:
    share = value[name]
    # True is an int in Python, and JSON readers take NaN.
    if isinstance(share, bool) or not isinstance(share, int | float) or not math.isfinite(share):
        raise ValueError(f"{name} is no number")
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is not within 0 and 1")
    return float(share)


def should_generate(fit: Fit, policy: Numbers) -> bool:
    """Ours to say, by the numbers; the model is not asked."""
    return fit.audience_relevance >= policy.min_audience and fit.actionability >= policy.min_actionability


def decide(fit: Fit, policy: Numbers) -> Verdict:
    passed = should_generate(fit, policy)
    signals: Signals = {
        "audience_relevance": fit.audience_relevance,
        "business_relevance": fit.business_relevance,
        "actionability": fit.actionability,
        "risk_level": fit.risk_level.value,
        "recommended_angle": fit.recommended_angle.value if fit.recommended_angle else None,
        "claims_to_use": len(fit.claims_to_use),
        "should_generate": passed,
    }
    score = round(100 * fit.audience_relevance, 2)
    said = f"audience {fit.audience_relevance:.2f}, actionability {fit.actionability:.2f}"
    if passed:
        return Pass(Reason.FITS, f"{said}, risk {fit.risk_level}", score, signals)
    wanted = f"{policy.min_audience:.2f} and {policy.min_actionability:.2f} are wanted"
    return Drop(Reason.WRONG_AUDIENCE, f"{said}: {wanted}", score, signals)


def unjudged() -> Verdict:
    """Of a tenant whose profile says nothing of its readers."""
    return Pass(
        Reason.NO_AUDIENCE,
        "the profile says nothing of its readers: there was nothing to judge by",
        signals={"audience_relevance": None, "actionability": None, "should_generate": None},
    )


def key_of(claim: Claim) -> str:
    """The same claim again in a pack that was made anew."""
    return hashlib.sha256(f"{claim.url}\n{claim.text}".encode(errors="surrogatepass")).hexdigest()[:16]


def chosen(pack: Pack, fit: Fit | None) -> tuple[Claim, ...]:
    """The claims that gate 4 is shown, in their order. A choice that names none of them keeps them all."""
    if fit is None:
        return pack.claims
    by_key = {key_of(claim): claim for claim in pack.claims}
    return tuple(by_key[key] for key in fit.claims_to_use if key in by_key) or pack.claims
