"""Secrets at rest open for what they were sealed for, with the newest key or an older one."""

from __future__ import annotations

import pytest

from cid.domain.errors import Misconfigured
from cid.outside.keys import Keys
from cid.outside.vault import Vault

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_is_sealed_shows_nothing_and_opens_for_its_purpose_alone() -> None:
    vault = Vault(Keys(NEW))
    sealed = vault.seal("hush", "channel:1")
    assert "hush" not in sealed
    assert vault.open(sealed, "channel:1") == "hush"
    with pytest.raises(Misconfigured, match="something else"):
        vault.open(sealed, "channel:2")


def test_a_new_key_reads_what_the_old_one_sealed_until_it_is_renewed() -> None:
    sealed = Vault(Keys(OLD)).seal("hush", "c")
    both = Vault(Keys(NEW, OLD))
    assert both.open(sealed, "c") == "hush"
    assert Vault(Keys(NEW)).open(both.renew(sealed), "c") == "hush"
    with pytest.raises(Misconfigured, match="CID_OLD_SECRET_KEYS"):
        Vault(Keys(NEW)).open(sealed, "c")


@pytest.mark.parametrize("broken", ["", "x", "gAAAAA", "ä"])
def test_what_nobody_sealed_is_said_to_be_unreadable(broken: str) -> None:
    with pytest.raises(Misconfigured):
        Vault(Keys(NEW)).open(broken, "c")
