"""Training state on disk: what a killed run needs to go on exactly where it stopped.

`state.pt` beside the finished weights holds tensors and plain values only and is loaded with `weights_only`.
"""

import os
from pathlib import Path
from typing import Any

import torch

from websailor.errors import UserError
from websailor.files import replacing


def save_state(file: Path, state: dict[str, Any]) -> None:
    """Write atomically: a reader sees the state before or after, never a half."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary, temporary.open("wb") as handle:
        torch.save(state, handle)
        handle.flush()
        os.fsync(handle.fileno())


def load_state(file: Path) -> dict[str, Any] | None:
    """The state of an interrupted run, or None when there is none."""
    if not file.is_file():
        return None
    try:
        return torch.load(file, weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise UserError(f"{file}: not a training state ({error}): delete it to start this stage anew") from error
