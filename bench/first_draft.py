"""From a command to a draft that waits on the page: what a newcomer waits for.

    python -m bench.first_draft make run PORT=8090

Starts the command, follows the set-up link that it prints as the first person would, and looks at the page of drafts
until one is ready. Prints one JSON line, then ends the desk with SIGTERM.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

LINK = re.compile(r"(https?://\S+)/welcome/(\S+)")
PASSWORD = "a long enough sentence"
LIMIT_S = 600


def set_up(base: str, token: str) -> urllib.request.OpenerDirector:
    """The first person's account, by the form of the page."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    address = f"{base}/welcome/{token}"
    page = browser.open(address, timeout=30).read().decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    form = hidden | {"email": "first@desk.example", "name": "First", "password": PASSWORD, "tenant": "First"}
    browser.open(
        urllib.request.Request(address, urllib.parse.urlencode(form).encode(), {"Origin": base}), timeout=30
    ).read()
    return browser


def wait_for_draft(browser: urllib.request.OpenerDirector, base: str, since: float) -> str:
    """The title of the first draft that is ready."""
    while time.monotonic() - since < LIMIT_S:
        page = browser.open(f"{base}/t/sample/drafts", timeout=30).read().decode()
        for row in page.split('role="row"')[1:]:
            found = re.search(r'href="/t/sample/drafts/[0-9a-f-]{36}"[^>]*>([^<]+)', row)
            if found and re.search(r"\bready\b", row):
                return found[1].strip()
        time.sleep(0.25)
    raise SystemExit("no draft came")


def main() -> None:
    began = time.monotonic()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    assert process.stdout
    try:
        link = next((m for line in process.stdout if (m := LINK.search(line.decode(errors="replace")))), None)
        if link is None:
            raise SystemExit("the command printed no set-up link")
        started = time.monotonic() - began
        threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would hold the desk up
        browser = set_up(link[1], link[2])
        title = wait_for_draft(browser, link[1], began)
        waited = time.monotonic() - began
        print(json.dumps({"link_s": round(started, 1), "draft_s": round(waited, 1), "draft": title}))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


if __name__ == "__main__":
    main()
