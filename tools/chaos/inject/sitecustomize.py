"""Python imports this at its start, because the chaos suite puts this folder on PYTHONPATH of its child processes."""

from tools.chaos import hooks

hooks.install()
