"""Nouns of the desk: frozen values, enums, transition tables and errors. Standard library only."""
