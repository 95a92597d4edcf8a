"""Lines of a list of works: a title with its year, and nothing else.

Enters: a line. Leaves: title and year, as pages write them: "1932 Brave New World", "Suez (1938)".
"""

import re

_LINE = re.compile(
    r"(?P<before>[12]\d{3})[ :–-]+(?P<after>[^\s|\"“”][^|\"“”]{1,78}[^|.,;:!\"“”])"
    r"|(?P<title>[^\s|\"“”][^|\"“”]{1,78}) \((?P<year>[12]\d{3})\)"
)


def read_work(line: str) -> tuple[str, str] | None:
    """Title and year; None for any other line."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    return (match["after"], match["before"]) if match["before"] else (match["title"], match["year"])
