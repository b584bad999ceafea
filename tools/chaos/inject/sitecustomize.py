"""Python imports this at start when its folder is on PYTHONPATH, as the chaos suite sees to for its own children."""

from tools.chaos import hooks

hooks.install()
