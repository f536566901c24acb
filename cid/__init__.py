"""CID, the Content Intelligence Desk."""

__version__ = "0.1.0"
