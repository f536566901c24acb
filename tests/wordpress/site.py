"""A real WordPress on loopback: Debian's packages, MariaDB on a socket, PHP's own server. Nothing of it outlives us.

python -m tests.wordpress.site     starts one for people, until Ctrl-C
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
PROGRAMS = ("php", "mariadbd", "mariadb", "mariadb-admin", "mariadb-install-db")
PACKAGES = "wordpress php-cli php-mysql php-xml php-gd php-mbstring mariadb-server"
SOURCE, CONTENT = Path("/usr/share/wordpress"), Path("/var/lib/wordpress/wp-content")
PATIENCE_S = 90
PEOPLE = ("admin", "author", "contributor")
CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'wp'); define('DB_PASSWORD', 'wp'); define('DB_CHARSET', 'utf8mb4');
define('DB_HOST', 'localhost:{socket}');
define('WP_HOME', '{url}'); define('WP_SITEURL', '{url}'); define('WP_ENVIRONMENT_TYPE', 'local');
define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""


def missing() -> str:
    """What is not installed here; empty: nothing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    lacks = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    return ", ".join(lacks + ([] if (SOURCE / "wp-load.php").exists() else ["wordpress"]))


@dataclass
class Site:
    """`with Site() as site:` it runs, and is gone afterwards."""

    port: int = 0
    shown: str = ""
    """The address that it believes to have, where something stands before it."""
    room: Path = field(default_factory=Path)
    version: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whoever is asked to end takes it along
        self.room = Path(tempfile.mkdtemp(prefix="cid-wordpress-"))
        self.room.chmod(0o755)
        self.port = self.port or _free()
        try:
            self._database()
            self._files()
            self._install()
            self._serve()
        except BaseException:  # what was started so far is ended, whatever stopped the start
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            _end(process)
        shutil.rmtree(self.room, ignore_errors=True)

    def reachable(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/?rest_route=/", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def sql(self, statement: str) -> str:
        """As root, in the site's database."""
        return _said(["mariadb", "--no-defaults", "-N", "-u", "root", "-S", self._socket, "wp", "-e", statement])

    @property
    def _socket(self) -> str:
        return str(self.room / "run" / "db.sock")

    def _database(self) -> None:
        data = self.room / "db"
        for folder in (data, self.room / "run"):
            folder.mkdir()
            if os.getuid() == 0:
                shutil.chown(folder, "mysql")
        user = ["--user=mysql"] if os.getuid() == 0 else []
        where = [f"--datadir={data}"]
        _said(["mariadb-install-db", "--no-defaults", *user, *where, "--auth-root-authentication-method=normal"])
        fast = ["--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]
        self._start("mariadbd", "--no-defaults", *user, *where, f"--socket={self._socket}", *fast)
        ping = ["mariadb-admin", "--no-defaults", "-u", "root", "-S", self._socket, "ping"]
        self._until(lambda: subprocess.run(ping, capture_output=True, check=False, env=_paths()).returncode == 0)
        made = "create database wp; create user wp@localhost identified by 'wp'; grant all on wp.* to wp@localhost"
        _said(["mariadb", "--no-defaults", "-u", "root", "-S", self._socket, "-e", made])

    def _files(self) -> None:
        root = self.room / "site"
        shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("languages"), ignore_dangling_symlinks=True)
        if CONTENT.exists():
            shutil.copytree(CONTENT, root / "wp-content", dirs_exist_ok=True, ignore_dangling_symlinks=True)
        (root / "wp-content" / "uploads").mkdir(exist_ok=True)
        shutil.copytree(HERE / "theme", root / "wp-content" / "themes" / "plain")
        (root / "wp-config.php").unlink(missing_ok=True)
        (root / "wp-config.php").write_text(CONFIG.format(socket=self._socket, url=self.shown or self.url))

    def _install(self) -> None:
        program = [str(HERE / "install.php"), str(self.room / "site"), str(self.port)]
        told = json.loads(_said(["php", "-d", "memory_limit=512M", *program]))
        self.version, self.passwords = told["version"], told["passwords"]

    def _serve(self) -> None:
        sizes = ["-d", "upload_max_filesize=8M", "-d", "post_max_size=8M", "-d", "opcache.enable_cli=1"]
        at = ["-S", f"127.0.0.1:{self.port}", "-t", str(self.room / "site"), str(HERE / "router.php")]
        self._start("php", *sizes, *at)
        self._until(self.reachable)

    def _start(self, *command: str) -> None:
        with (self.room / f"{command[0]}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=_paths() | {"PHP_CLI_SERVER_WORKERS": "3"},
                    start_new_session=True,
                    preexec_fn=_dies_with_us,  # noqa: PLW1509 - before exec, in a process of one thread
                )
            )

    def _until(self, there: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not there():
            for process in self._running:
                if process.poll() is not None:
                    raise RuntimeError(f"{process.args!r} ended: {self._logs()}")
            if time.monotonic() > end:
                raise RuntimeError(f"it does not come up: {self._logs()}")
            time.sleep(0.1)

    def _logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-1500:] for path in self.room.glob("*.log"))


def _dies_with_us() -> None:
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM), 0, 0, 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """PHP's workers are of its session, which is its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait(10)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _paths() -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, check=False, env=_paths(), timeout=PATIENCE_S)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {(done.stdout + done.stderr).decode(errors='replace')[-2000:]}")
    return done.stdout.decode()


def main() -> None:
    if lacks := missing():
        raise SystemExit(f"not installed: {lacks} (Debian: apt-get install --no-install-recommends {PACKAGES})")
    with Site() as site:
        print(f"WordPress {site.version} at {site.url}, until Ctrl-C. Application passwords:")
        for name in PEOPLE:
            print(f"  {name:<12} {site.passwords[name]}")
        print(f"A desk reaches it with CID_ALLOW_LOCAL=127.0.0.1:{site.port}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")


if __name__ == "__main__":
    main()
