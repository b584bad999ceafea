"""Python imports this at start when its folder is on PYTHONPATH, which only the chaos suite does to its own children."""

from chaos import hooks

hooks.install()
