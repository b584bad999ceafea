from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.app import Sandbox
from sandbox.server import running


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox
