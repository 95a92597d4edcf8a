"""What servers write where they ask for a pause, in all its forms."""

import email.utils
import time

import pytest

from websailor.retry_after import retry_after


def test_retry_after_in_all_its_forms() -> None:
    now = time.time()
    assert retry_after({"retry-after": "7"}) == 7.0
    assert retry_after({"retry-after": "0.5"}) == 0.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    date = email.utils.formatdate(now + 30, usegmt=True)
    assert retry_after({"retry-after": date}, now) == pytest.approx(30, abs=1)
    assert retry_after({"retry-after": email.utils.formatdate(now - 30, usegmt=True)}, now) == 0.0
    for nonsense in ("", "soon", "-5", "nan", "inf", "1e9", "1e99", "9" * 400, "Wed, 21 Oct 99999 07:28:00 GMT"):
        assert retry_after({"retry-after": nonsense}) is None
    assert retry_after({}) is None
