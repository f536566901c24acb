"""The desk for programs: JSON under /api/v1, described by /api/openapi.json.

A request comes in by a token and by nothing else. What it may say and what it is answered are frozen dataclasses, of
which the description is made, too: what is not described cannot be asked or answered.
"""
