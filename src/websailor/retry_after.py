"""How long a server asks to be left alone.

Enters: the headers of a reply. Leaves: seconds. Model endpoints and web services say it alike, so it is read once.
"""

import email.utils
import re
import time
from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that a server asks to wait (`retry-after-ms`, or `retry-after` as seconds or as a date); None when it
    does not say or cannot be read. Names of headers are in lower case, or the mapping does not care."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
            return float(value) * scale
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))
