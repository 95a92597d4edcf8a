"""What the tests of the tools share."""

import os
from collections.abc import Iterator

import pytest
from sandboxed import CANARY, Running

from websailor.tools.sandbox import SandboxUnavailable


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A sandbox that is warm; without isolation here the test is skipped."""
    os.environ["WEBSAILOR_TEST_SECRET"] = CANARY
    started = Running()
    try:
        started.run("print(1)")
    except SandboxUnavailable as error:
        started.close()
        pytest.skip(f"no isolation here: {error}")
    yield started
    started.close()
    del os.environ["WEBSAILOR_TEST_SECRET"]
