"""Under which account the embedded server runs, and whom it takes its clients for.

Postgres refuses uid 0. As root it therefore runs in a user namespace of its own in which uid 0 is called `daemon`,
so nothing is chowned or copied. Not `nobody`: 65534 is what the kernel shows for every uid that is not mapped, and
peer login would then take any local user for the owner. Where namespaces are refused (Docker's default seccomp
profile) the server becomes the account `daemon` for real, and only its own folder is given to it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import stat
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cid.domain.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CLONE_NEWUSER, _PR_SET_PDEATHSIG = 0x10000000, 1
_LIBC = ctypes.CDLL(None, use_errno=True)  # resolved in the parent: nothing is imported between fork and exec
STAND_IN = "daemon"


class Way(StrEnum):
    OWN = "own"  # as whoever we are
    NAMESPACE = "namespace"  # root outside, daemon inside
    DROPPED = "dropped"  # daemon


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    way: Way
    client: str
    """The name by which the server sees us when we connect."""
    uid: int
    gid: int

    def spawn(self) -> dict[str, Any]:
        """Arguments of Popen that make the child this account's, and end it when the thread that started it ends."""
        drop = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.way is Way.DROPPED else {}
        return {"preexec_fn": self._between_fork_and_exec(), **drop}

    def _between_fork_and_exec(self) -> Callable[[], None]:
        maps = _maps(self.uid, self.gid) if self.way is Way.NAMESPACE else ()

        def prepare() -> None:
            if maps:
                _enter_namespace(maps)
            # After the change of user, which would clear it. SIGINT: fast shutdown.
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)

        return prepare

    def give(self, folder: Path) -> None:
        """Make `folder`, which we made, this account's own, with all that is in it."""
        if self.way is Way.DROPPED:
            for path in (folder, *folder.rglob("*")):
                os.lchown(path, self.uid, self.gid)


def choose(pgdata: Path) -> Account:
    """Raises Misconfigured where no account will do."""
    me = os.geteuid()
    if me != 0:
        try:
            name = pwd.getpwuid(me).pw_name
        except KeyError:
            raise Misconfigured(
                f"The account with uid {me} has no name, and Postgres wants one: add it to /etc/passwd, run the "
                "desk as an account that is there, or set DATABASE_URL."
            ) from None
        return Account(way=Way.OWN, client=name, uid=me, gid=os.getegid())
    try:
        daemon = pwd.getpwnam(STAND_IN)
    except KeyError:
        raise Misconfigured(
            f"Postgres does not run as root and there is no account {STAND_IN} to stand in: run the desk as another "
            "account, or set DATABASE_URL."
        ) from None
    given = pgdata.exists() and pgdata.stat().st_uid == daemon.pw_uid
    if not given and _namespaces_allowed(daemon):
        return Account(way=Way.NAMESPACE, client=daemon.pw_name, uid=daemon.pw_uid, gid=daemon.pw_gid)
    root = pwd.getpwuid(0).pw_name
    return Account(way=Way.DROPPED, client=root, uid=daemon.pw_uid, gid=daemon.pw_gid)


def check_reach(account: Account, *folders: Path) -> None:
    """Whether a server that dropped its privileges gets as far as `folders`; other people's folders are never changed.

    Raises Misconfigured naming the first that is closed.
    """
    if account.way is not Way.DROPPED:
        return
    for folder in folders:
        for step in reversed([folder, *folder.parents]):
            facts = step.stat()
            opened = facts.st_mode & stat.S_IXOTH or (facts.st_gid == account.gid and facts.st_mode & stat.S_IXGRP)
            if not (opened or facts.st_uid == account.uid):
                raise Misconfigured(
                    f"Postgres does not run as root, and its stand-in, the account {STAND_IN}, may not enter {step}: "
                    "run the desk as an unprivileged account, or give a folder that others may enter with DATA= "
                    "(for the programs: PG_BINDIR)."
                )


def _maps(uid: int, gid: int) -> tuple[tuple[str, bytes], ...]:
    return (("setgroups", b"deny"), ("uid_map", b"%d 0 1" % uid), ("gid_map", b"%d 0 1" % gid))


def _enter_namespace(maps: tuple[tuple[str, bytes], ...]) -> None:
    if _LIBC.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in maps:
        handle = os.open("/proc/self/" + name, os.O_WRONLY)
        os.write(handle, text)
        os.close(handle)


def _namespaces_allowed(daemon: pwd.struct_passwd) -> bool:
    """Tried, because kernels, seccomp profiles and containers refuse it in ways that only trying tells."""
    maps = _maps(daemon.pw_uid, daemon.pw_gid)
    try:
        subprocess.run(["/bin/true"], preexec_fn=lambda: _enter_namespace(maps), check=True)
    except (subprocess.SubprocessError, OSError):
        return False
    return True
