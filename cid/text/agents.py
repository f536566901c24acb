"""What a browser says of itself, in a few words that a person knows their own devices by."""

from __future__ import annotations

import re

_BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|Chromium|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
    ("curl", r"^curl/"),
)
"""In this order: each of the later names stands in the strings of the earlier ones, too."""
_SYSTEMS = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


def agent_of(said: str) -> tuple[str, str]:
    """Browser and system; empty where there is nothing that we know. What was said may be a lie."""
    return _first(_BROWSERS, said), _first(_SYSTEMS, said)


def _first(names: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, said)), "")
