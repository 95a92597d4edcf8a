"""Where the agent's Python programs run: isolated, or not at all.

Enters: a `SandboxConfig`. Leaves: a `Sandbox`.
"""

from websailor.tools.sandbox.base import ProgramResult, Sandbox, SandboxConfig, SandboxUnavailable


def open_sandbox(config: SandboxConfig) -> Sandbox:
    """The sandbox of a config. Nothing is started yet; the first program finds out whether isolation can be had."""
    if config.kind == "remote":
        from websailor.tools.sandbox.remote import RemoteSandbox

        return RemoteSandbox(config)
    if config.kind == "unsafe-subprocess":
        from websailor.tools.sandbox.unsafe import UnsafeSubprocess

        return UnsafeSubprocess(config)
    from websailor.tools.sandbox.bubblewrap import BubblewrapSandbox

    return BubblewrapSandbox(config)


__all__ = ["ProgramResult", "Sandbox", "SandboxConfig", "SandboxUnavailable", "open_sandbox"]
