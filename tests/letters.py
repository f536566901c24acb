"""What was put into the post, opened as its sender would open it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cid.render import letters

if TYPE_CHECKING:
    from cid.domain.mail import Letter
    from cid.services import Services


async def to(sv: Services, owner: Any, address: str) -> list[Letter]:
    """Every letter to `address` that was not refused before the test began, the newest last."""
    rows = await owner.fetch(
        "select id, message from mails where address = $1 and message <> 'sealed' order by planned_at", address
    )
    assert sv.vault is not None
    return [
        letters.unpacked(sv.vault.open(row["message"], f"mail:{row['id']}"), message_id=str(row["id"])) for row in rows
    ]


def link(letter: Letter) -> str:
    """The path of the one link in it, which both parts have."""
    (found,) = set(re.findall(r"http://desk\.test(/\S+)", letter.text))
    assert found in letter.html
    return str(found)
