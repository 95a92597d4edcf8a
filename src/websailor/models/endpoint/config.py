"""Which endpoint, which model, and how to speak to it.

Enters: a table of a recipe, or `openai:MODEL@URL` from a flag. Leaves: an `EndpointConfig`. It names the environment
variable of the key and never holds the key.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from websailor.errors import UserError

OPENAI = "https://api.openai.com/v1"

KEY_VARIABLES = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "dashscope.aliyuncs.com": "DASHSCOPE_API_KEY",
    "dashscope-intl.aliyuncs.com": "DASHSCOPE_API_KEY",
}
"""Where `openai:MODEL@URL` looks for the key of a host; no key is ever sent to another host by itself."""

OWN_FIELDS = ("model", "messages", "stream", "tools", "n")
"""Fields of a request that follow from the conversation."""

_FORM = "write openai:MODEL@URL, for instance openai:qwen3-30b@http://localhost:8000/v1"


class EndpointSettings(BaseModel):
    """How to speak to an endpoint, whichever it is."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    protocol: Literal["text", "native"] = "text"
    """`text`: calls stand in the text, as the trained models of this family write them. `native`: the endpoint's own
    tool calls."""
    stream: bool = False
    """Ask for the reply piece by piece even where nobody listens: proxies that cut silent connections stay quiet."""
    timeout: float = Field(default=600.0, gt=0, le=1e6)
    """Seconds for one whole reply."""
    connect_timeout: float = Field(default=10.0, gt=0, le=1e6)
    """Seconds to reach the endpoint."""
    retries: int = Field(default=5, ge=0, le=1000)
    """Further attempts after a lost connection, a timeout, 408, 429, 5xx or a broken reply."""
    first_wait: float = Field(default=1.0, ge=0, le=1e6)
    """Seconds before the second attempt; doubled each time, with jitter. `Retry-After` goes before it."""
    longest_wait: float = Field(default=60.0, ge=0, le=1e6)
    """Seconds between two attempts at most; an endpoint that asks for more is given up."""
    concurrency: int = Field(default=16, ge=1, le=10_000)
    """Requests under way at once."""
    max_reply_bytes: int = Field(default=32 * 1024 * 1024, ge=1024, le=2**40)
    """A longer reply is cut off and refused."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls the limit of a turn; hosted reasoning models want `max_completion_tokens`."""
    omit: tuple[str, ...] = ()
    """Fields that this endpoint refuses, never sent: `stop`, `seed`, `temperature`, `top_p`, `stream_options`, ..."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request, for instance `{top_k = 20}`."""
    logprobs: bool = False
    """Ask for the log-probability of every token."""
    resend_reasoning: bool = True
    """Native: give the thoughts of earlier turns back in the field in which they came."""
    prices: Path | None = None
    """TOML with prices per million tokens; None counts tokens alone."""

    @field_validator("extra_body")
    @classmethod
    def _leaves_ours(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = [name for name in OWN_FIELDS if name in value]
        if taken:
            raise ValueError(f"extra_body cannot set {taken[0]}: it follows from the conversation and the other keys")
        return value


class EndpointConfig(EndpointSettings):
    """Settings of one model behind one endpoint."""

    base_url: str = OPENAI
    """Up to and with the version: `http://localhost:8000/v1`."""
    model: str = Field(min_length=1)
    """The model's name there."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; None sends no key."""

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not value.isprintable() or " " in value:
            raise ValueError("no spaces or control characters in an endpoint's URL")
        parts = urlsplit(value)
        if _port(parts) is None:
            raise ValueError("the port in an endpoint's URL is a number from 0 to 65535")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an endpoint's URL begins with http:// or https:// and a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("no credentials, query or fragment in an endpoint's URL: name the key's variable instead")
        if parts.path.rstrip("/").endswith(("/chat/completions", "/completions")):
            raise ValueError("give the endpoint's base URL, without /chat/completions")
        return value.rstrip("/")

    @field_validator("api_key_env")
    @classmethod
    def _name_of_variable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
            raise ValueError("api_key_env is the name of an environment variable, not the key itself")
        return value

    @property
    def is_local(self) -> bool:
        """True for an endpoint on this machine: proxies are not for it."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


def _port(parts: SplitResult) -> int | None:
    """The port, 0 for the usual one; None where it is none."""
    try:
        return parts.port or 0
    except ValueError:
        return None


def parse_endpoint(spec: str, **settings: Any) -> EndpointConfig:
    """The config of `openai:MODEL@URL`, `openai:MODEL` (OpenAI itself) or `openai:MODEL@URL#KEY_VARIABLE`.

    `settings` are further fields. Without `#KEY_VARIABLE` the hosts of `KEY_VARIABLES` get theirs, all others no key.
    Raises `UserError`.
    """
    scheme, colon, rest = spec.partition(":")
    if scheme != "openai" or not colon:
        raise UserError(f"{spec.split('#')[0]}: not an endpoint: {_FORM}")
    rest, _, variable = rest.partition("#")
    cut = rest.rfind("@http")
    model, url = (rest[:cut], rest[cut + 1 :]) if cut >= 0 else (rest, OPENAI)
    if cut < 0 and "@" in rest:
        raise UserError(f"openai:{rest}: the URL needs http:// or https://: {_FORM}")
    try:
        host = urlsplit(url).hostname or ""
        key = variable or KEY_VARIABLES.get(host)
        return EndpointConfig.model_validate({"model": model, "base_url": url, "api_key_env": key, **settings})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise UserError(f"{where}: {problem['msg'].removeprefix('Value error, ')}: {_FORM}") from None
    except ValueError:
        raise UserError(f"the URL of the endpoint cannot be read: {_FORM}") from None


def read_key(config: EndpointConfig, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key, or None where the config names no variable. Raises `UserError` when it is missing or cannot be one."""
    if config.api_key_env is None:
        return None
    key = environment.get(config.api_key_env, "").strip()
    if not key:
        raise UserError(f"set {config.api_key_env} in the environment to the key of {config.base_url}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(f"{config.api_key_env} holds no key: it has characters that no key has; set it anew")
    return key
