"""Texts that commands, the JSON API and pages share, one module for each language."""
