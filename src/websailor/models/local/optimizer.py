"""Muon for the matrices of the network, AdamW for everything else.

Enters: a `Network` with gradients. Leaves: updated weights. `torch.optim.Muon` is not used because its Newton-Schulz
iteration runs in bfloat16 one matrix at a time, which on a CPU without bf16 instructions is five times slower than the
float32 iteration over stacked matrices here; `tests/models/test_optimizer.py` compares the two.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from websailor.errors import UserError

NEWTON_SCHULZ_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Quintic iteration that pushes all singular values to about 1 (Jordan et al. 2024, `Muon`)."""


def orthogonalise(matrices_KMN: Tensor, iterations: int = 5) -> Tensor:
    """Nearest semi-orthogonal matrices of a stack [K, M, N], approximately (singular values in about 0.7 .. 1.2)."""
    a, b, c = NEWTON_SCHULZ_COEFFICIENTS
    transposed = matrices_KMN.size(1) > matrices_KMN.size(2)
    x = matrices_KMN.mT if transposed else matrices_KMN
    x = x / x.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if transposed else x


def learning_rate_factor(done: float, step: int, warmup: int, decay: float, floor: float) -> float:
    """Linear warm-up over `warmup` steps, then 1, then linear decay to `floor` over the last share `decay` of the run.

    `done` is the share of the run that lies behind, 0 to 1.
    """
    warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
    left = min(1.0, max(0.0, 1.0 - done) / decay) if decay else 1.0
    return warm * (floor + (1.0 - floor) * left)


class Muon(torch.optim.Optimizer):
    """Momentum, then orthogonalisation (Jordan et al. 2024); parameters must be matrices."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | list[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        assert closure is None, "Muon takes no closure"
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape].append(parameter)
            for shape, parameters in by_shape.items():
                updates = []
                for parameter in parameters:
                    assert parameter.grad is not None
                    state = self.state[parameter]
                    if "momentum" not in state:
                        state["momentum"] = torch.zeros_like(parameter)
                    state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                    updates.append(parameter.grad.lerp(state["momentum"], group["momentum"]))
                directions = orthogonalise(torch.stack(updates))
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for parameter, direction in zip(parameters, directions, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.sub_(direction, alpha=scale)


class NetworkOptimizer:
    """Both optimizers behind one face, with gradient clipping and a common learning-rate factor."""

    def __init__(self, network: nn.Module, muon_lr: float | None, adamw_lr: float, weight_decay: float = 0.0) -> None:
        matrices, others = [], []
        for name, parameter in network.named_parameters():
            is_matrix = parameter.ndim == 2 and "embed" not in name and "lm_head" not in name
            (matrices if is_matrix and muon_lr is not None else others).append(parameter)
        self.parameters = [*matrices, *others]
        self.muon = Muon([{"params": matrices}], lr=muon_lr or 0.0, weight_decay=weight_decay)
        self.adamw = torch.optim.AdamW(others, lr=adamw_lr, betas=(0.9, 0.95), weight_decay=0.0)
        self._base = [(group, group["lr"]) for group in (*self.muon.param_groups, *self.adamw.param_groups)]

    def step(self, factor: float = 1.0, clip: float | None = 1.0) -> float:
        """Clip to a global norm of `clip`, update with learning rates scaled by `factor`. Returns the norm before
        clipping. Raises `UserError`, with the weights untouched, when that is not finite."""
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters, clip if clip is not None else float("inf")))
        if not math.isfinite(norm):
            raise UserError("the training diverged (a gradient is not finite): lower the learning rates, start anew")
        for group, base in self._base:
            group["lr"] = base * factor
        self.muon.step()
        self.adamw.step()
        return norm

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.muon.load_state_dict(state["muon"])
        self.adamw.load_state_dict(state["adamw"])
        self._base = [
            (group, base)
            for group, (_, base) in zip((*self.muon.param_groups, *self.adamw.param_groups), self._base, strict=True)
        ]


def build_optimizer(
    network: nn.Module, muon_lr: float | None, adamw_lr: float, weight_decay: float = 0.0
) -> NetworkOptimizer:
    """The optimizer of both training stages: Muon for hidden matrices, AdamW for embeddings and norms.

    Without `muon_lr` AdamW has everything.
    """
    return NetworkOptimizer(network, muon_lr, adamw_lr, weight_decay)
