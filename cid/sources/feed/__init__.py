"""Feeds read: bytes → entries. Runs in a killable child, never in the desk's own process."""
