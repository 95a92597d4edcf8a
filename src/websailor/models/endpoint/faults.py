"""Every way an endpoint can fail, sorted: try again, give up, or the conversation is too long.

Enters: what the HTTP client raised, or what a broken reply looks like. Leaves: `Transient` (another attempt may help),
`ContextExceeded` (for the agent), or an `EndpointError` whose one line says what to do. No line quotes a key: the
secret is cut out of whatever the endpoint said before it is shortened.
"""

import re
from collections.abc import Mapping
from typing import Any

from websailor.errors import UserError
from websailor.models.base import ContextExceeded
from websailor.models.endpoint.config import EndpointConfig
from websailor.models.endpoint.wire import whole_characters
from websailor.models.fences import printable
from websailor.retry_after import retry_after

HIDDEN = "[key]"
"""Stands wherever an endpoint repeats the key."""

_AGAIN = (408, 429)
_NEVER = (501,)
_QUOTED = 300
"""Characters of an endpoint's own words in an error."""

_CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error", "context_window_exceeded")
_CONTEXT_WORDS = re.compile(
    r"context[ _-](?:length|size|window)|prompt is too long|input is too long|too many (?:input )?tokens"
    r"|input length should be|input token count|maximum number of tokens allowed|input tokens exceed",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"context (?:length|size|window)(?: \(| of | is | is only | of only )(\d+)|> (\d+) maximum|allowed \((\d+)\)"
    r"|should be \[\d+, ?(\d+)\]",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(\d+) in the messages|(\d+) of (?:text )?input|(\d+) (?:tokens )?from the input|(\d+) input tokens"
    r"|resulted in (\d+) tokens|(?:input|request|prompt) \((\d+) tokens\)|too long: (\d+) tokens|token count \((\d+)\)",
    re.IGNORECASE,
)


class EndpointError(UserError):
    """An endpoint gave no usable reply; the message is one line that says what to do."""


class Transient(Exception):
    """An attempt failed in a way that another one may not. `wait` is what the endpoint asked for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class TooLong(Exception):
    """The endpoint says that prompt and turn exceed its context, with the numbers it gave."""

    def __init__(self, words: str, prompt_tokens: int | None, limit: int | None) -> None:
        super().__init__(words)
        self.words = words
        self.prompt_tokens = prompt_tokens
        self.limit = limit

    def for_agent(self, estimated_prompt: int) -> ContextExceeded:
        """The loop's own error; numbers that the endpoint kept to itself are not made up in its text."""
        exceeded = ContextExceeded(self.prompt_tokens or estimated_prompt, self.limit or 0)
        if self.limit is None or self.prompt_tokens is None:
            exceeded.args = (f"the endpoint says that the conversation is too long: {self.words}",)
        return exceeded


class Quoting:
    """An endpoint's own words as they may be shown: one line, not long, without the key and what steers a terminal."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Quoting()"

    def hide(self, text: str) -> str:
        """The text without the key, in whole characters."""
        text = whole_characters(text)
        return text.replace(self._secret, HIDDEN) if self._secret else text

    def quote(self, text: str) -> str:
        line = " ".join(printable(self.hide(text)).split())
        return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}..."


def sort_status(
    status: int, body: object, headers: Mapping[str, str], config: EndpointConfig, quoting: Quoting
) -> Exception:
    """The fault behind an HTTP status that is not a success. `body` is the decoded JSON, or text."""
    code, words = _said(body)
    where = f"{config.base_url} ({config.model})"
    if status in (400, 413, 422, 500) and _is_context(code, words):
        return _too_long(body, words, quoting)
    if status == 402 or (status == 429 and code in ("insufficient_quota", "billing_hard_limit_reached")):
        return EndpointError(f"{where}: the account behind the key has no credit left: top it up, or name another key")
    if status in (401, 403):
        return EndpointError(f"{where}: {status}: {_about_key(config)}")
    if 300 <= status < 400:
        return EndpointError(f"{where}: redirects elsewhere ({status}): give the final address as base_url")
    if status in _AGAIN or (status >= 500 and status not in _NEVER):
        reason = f"HTTP {status}" + (f": {quoting.quote(words)}" if words else "")
        wait = retry_after(headers)
        if wait is not None and wait > config.longest_wait:
            return EndpointError(
                f"{where}: {status}: asks to wait {wait:.0f} seconds, more than longest_wait "
                f"({config.longest_wait:g}): try later, or raise longest_wait"
            )
        return Transient(reason, wait)
    said = quoting.quote(words) or "no reason given"
    if status == 404:
        return EndpointError(f"{where}: 404: no such model or path: {said}: check base_url and model")
    what = "if a field is not known there, name it in `omit`"
    if "max_completion_tokens" in words and config.max_tokens_field == "max_tokens":
        what = 'set max_tokens_field = "max_completion_tokens"'
    return EndpointError(f"{where}: {status}: refuses the request: {said}: {what}")


def sort_event(body: object, config: EndpointConfig, quoting: Quoting) -> Exception:
    """The fault behind an `error` object that came with status 200, alone or in the middle of a stream."""
    code, words = _said(body)
    if _is_context(code, words):
        return _too_long(body, words, quoting)
    if code.isdigit() and 400 <= int(code) < 600:
        return sort_status(int(code), body, {}, config, quoting)
    return Transient(f"the endpoint broke off: {quoting.quote(words) or 'no reason given'}")


def _about_key(config: EndpointConfig) -> str:
    if config.api_key_env is None:
        return "wants a key: name the environment variable that holds it as api_key_env"
    return f"the key in {config.api_key_env} is refused: set another"


def _said(body: object) -> tuple[str, str]:
    """(code, words) of an error body, whatever its form."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            words = inner.get("message") or inner.get("detail") or ""
            code = inner.get("code") or inner.get("type") or ""
            return str(code), words if isinstance(words, str) else str(words)
        return str(body.get("code", "")), str(inner)
    return "", body if isinstance(body, str) else ""


def _is_context(code: str, words: str) -> bool:
    return code in _CONTEXT_CODES or _CONTEXT_WORDS.search(words) is not None


def _too_long(body: object, words: str, quoting: Quoting) -> TooLong:
    numbers: Mapping[str, Any] = {}
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        numbers = inner if isinstance(inner, Mapping) else {}
    prompt, limit = numbers.get("n_prompt_tokens"), numbers.get("n_ctx")  # llama.cpp gives them as fields
    return TooLong(
        quoting.quote(words),
        prompt if isinstance(prompt, int) else _number(_PROMPT, words),
        limit if isinstance(limit, int) else _number(_LIMIT, words),
    )


def _number(pattern: re.Pattern[str], words: str) -> int | None:
    found = pattern.search(words.replace(",", "") if "[" not in words else words)
    return int(next(group for group in found.groups() if group)) if found else None
