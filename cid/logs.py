"""structlog, with ids bound once per job and secrets redacted."""
