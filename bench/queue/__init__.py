"""The queue against pgqueuer and procrastinate, side by side on one Postgres. See `docs/queue-bench.md`."""
