"""Control groups: memory and processes of a whole sandbox, where this process may make one.

Enters: limits. Leaves: folders whose `cgroup.procs` a new process writes itself into; none where the system does not
let us. Both versions of the interface are known. Limits per process (rlimits) hold in any case.
"""

import contextlib
import tempfile
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def make_groups(memory_bytes: int, processes: int, root: Path = ROOT) -> list[Path]:
    """New groups with these limits, to be given to `remove_groups` when their processes have ended."""
    limits_v2 = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": processes}
    limits_v1 = {"memory": {"memory.limit_in_bytes": memory_bytes}, "pids": {"pids.max": processes}}
    made: list[Path] = []
    try:
        if (root / "cgroup.controllers").is_file():
            made.append(_made(root))
            _limit(made[-1], limits_v2)
        else:
            for controller, limits in limits_v1.items():
                if (root / controller / "cgroup.procs").is_file():
                    made.append(_made(root / controller))
                    _limit(made[-1], limits)
    except OSError:
        remove_groups(made)
        return []
    return made


def _made(parent: Path) -> Path:
    for left in parent.glob("websailor-*"):
        with contextlib.suppress(OSError):  # one in use cannot be removed; one whose owner was killed can
            left.rmdir()
    return Path(tempfile.mkdtemp(prefix="websailor-", dir=parent))


def _limit(group: Path, limits: dict[str, int]) -> None:
    for name, value in limits.items():
        if (group / name).exists():
            (group / name).write_text(str(value), encoding="ascii")
        elif name != "memory.swap.max":
            raise FileNotFoundError(name)


def remove_groups(groups: list[Path]) -> None:
    """Remove groups whose processes have ended."""
    for group in groups:
        if group.is_dir():
            group.rmdir()
