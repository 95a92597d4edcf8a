"""A SandboxFusion server: POST /run_code.

The protocol: `{"code", "language", "run_timeout", "stdin", "files", "fetch_files"}` gives `{"status", "message",
"run_result": {"status", "stdout", "stderr", "return_code", "execution_time"}}`.
"""

import json

import httpx2

from websailor.tools.base import ToolFailure
from websailor.tools.providers.base import ProviderError
from websailor.tools.providers.bodies import read_body
from websailor.tools.sandbox.base import ProgramResult, SandboxConfig

REPLY_SECONDS = 15.0
"""What the server may take beyond the program's own time."""


class RemoteSandbox:
    """Programs run at `config.address`."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._client = httpx2.AsyncClient(
            base_url=config.address,
            timeout=config.seconds + REPLY_SECONDS,
            headers={"Accept-Encoding": "gzip, deflate"},
        )

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        """Raises `ToolFailure` when the server gives no usable reply."""
        allowed = min(seconds or self._config.seconds, self._config.seconds)
        request = {
            "code": code,
            "language": "python",
            "run_timeout": allowed,
            "stdin": "",
            "files": {},
            "fetch_files": [],
        }
        try:
            async with self._client.stream("POST", "/run_code", json=request) as response:
                response.raise_for_status()
                reply = json.loads(await read_body(response))
            run = reply.get("run_result") or {}
            finished = run.get("status") == "Finished"
            texts = [str(run.get(name) or "") for name in ("stdout", "stderr")]
            code_returned = run.get("return_code")
            taken = float(run.get("execution_time") or 0.0)
        except httpx2.HTTPStatusError as error:
            raise ToolFailure(
                f"The Python sandbox answers HTTP {error.response.status_code}. Try again later."
            ) from error
        except ProviderError as error:
            raise ToolFailure(f"The Python sandbox gives no usable reply: {error}.") from error
        except (httpx2.HTTPError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ToolFailure(
                f"The Python sandbox does not answer ({type(error).__name__}). Try again later."
            ) from error
        if not run:
            raise ToolFailure(f"The Python sandbox did not run the program: {str(reply.get('message') or '')[:200]}")
        most = self._config.output_kb * 1024
        limit_exceeded = run.get("status") == "TimeLimitExceeded"
        return ProgramResult(
            status="timeout" if limit_exceeded else "ok" if finished and code_returned == 0 else "error",
            exit_code=code_returned if isinstance(code_returned, int) else None,
            stdout=texts[0][:most],
            stderr=texts[1][:most],
            cut=any(len(text) > most for text in texts),
            seconds=taken,
        )

    async def aclose(self) -> None:
        await self._client.aclose()
