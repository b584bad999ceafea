from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.sandbox.app import Sandbox
from tools.sandbox.server import running


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox
