"""Passwords as argon2id. One check costs 17 ms and 19 MiB, so two run at a time, away from the event loop."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from cid.domain.errors import Refused

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The pool is the limit: a flood of sign-ins can take neither all memory nor both cores.
POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")
LONGEST = 1024
SHORTEST = 12
"""Characters, of whatever kind: a rule that wants digits and signs makes people choose worse ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    ok: bool
    rehashed: str | None = None
    """A new hash to store, when the old one was made with weaker parameters."""


async def hashed(password: str) -> str:
    """Raises Refused for one that is too short."""
    if len(password) < SHORTEST:
        raise Refused(f"The password needs at least {SHORTEST} characters.")
    return await asyncio.get_running_loop().run_in_executor(POOL, HASHER.hash, password[:LONGEST])


async def check(stored: str | None, password: str) -> Checked:
    """Takes the same time whether there is a stored hash or not, so that an answer does not tell who has an account."""
    return await asyncio.get_running_loop().run_in_executor(POOL, _check, stored, password[:LONGEST])


def _check(stored: str | None, password: str) -> Checked:
    try:
        HASHER.verify(stored or _nobodys(), password)
    except (VerifyMismatchError, InvalidHashError):
        return Checked(ok=False)
    if stored is None:
        return Checked(ok=False)
    return Checked(ok=True, rehashed=HASHER.hash(password) if HASHER.check_needs_rehash(stored) else None)


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_hex(16))
