"""Which items report the same event, by their words alone: see docs/stories.md."""
