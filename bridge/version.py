"""The version that requests to other systems name in `User-Agent`; the same as in pyproject.toml."""

VERSION = "0.1.0"
