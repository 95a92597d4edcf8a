"""Muon against torch's own (bfloat16) and against the singular value decomposition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.optimizer import Muon, build_optimizer, orthogonalise


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(2, 24), columns=st.integers(2, 24), seed=st.integers(0, 2**16))
def test_orthogonalise_keeps_the_singular_vectors_and_flattens_the_singular_values(rows: int, columns: int, seed: int):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = s.clamp(min=0.2 * float(s.max()))
    matrix = u @ torch.diag(s) @ vh
    result = orthogonalise(matrix[None])[0]
    in_its_basis = u.mT @ result @ vh.mT
    diagonal = torch.diagonal(in_its_basis)
    assert (in_its_basis - torch.diag(diagonal)).abs().max() < 1e-6
    assert diagonal.min() > 0.6
    assert diagonal.max() < 1.25


def test_one_step_agrees_with_torch_muon_within_its_bfloat16():
    torch.manual_seed(0)
    start = torch.randn(48, 32)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    our_muon = Muon([ours], lr=0.02, momentum=0.95)
    their_muon = torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.0)
    for step in range(3):
        gradient = torch.randn(48, 32, generator=torch.Generator().manual_seed(step))
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        our_muon.step()
        their_muon.step()
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() / moved < 0.03


def test_every_parameter_is_updated_by_exactly_one_of_the_two():
    network = Network(
        NetworkConfig(vocab_size=40, hidden_size=16, layers=2, heads=2, head_dim=8, intermediate=32)
    ).initialise(0)
    optimizer = build_optimizer(network, muon_lr=0.02, adamw_lr=1e-3)
    in_muon = {id(p) for group in optimizer.muon.param_groups for p in group["params"]}
    in_adamw = {id(p) for group in optimizer.adamw.param_groups for p in group["params"]}
    assert not in_muon & in_adamw
    assert in_muon | in_adamw == {id(p) for p in network.parameters()}
    assert id(network.model.embed_tokens.weight) in in_adamw


def test_state_survives_saving():
    def train(steps: range, network: Network, optimizer) -> None:
        for step in steps:
            tokens = torch.from_numpy(np.random.default_rng(step).integers(0, 40, (2, 8)))
            optimizer.zero_grad()
            network(tokens).float().logsumexp(-1).mean().backward()
            optimizer.step()

    config = NetworkConfig(vocab_size=40, hidden_size=16, layers=1, heads=2, head_dim=8, intermediate=32)
    straight = Network(config).initialise(0)
    train(range(4), straight, build_optimizer(straight, 0.02, 1e-3))

    first = Network(config).initialise(0)
    optimizer = build_optimizer(first, 0.02, 1e-3)
    train(range(2), first, optimizer)
    second = Network(config)
    second.load_state_dict(first.state_dict())
    resumed = build_optimizer(second, 0.02, 1e-3)
    resumed.load_state_dict(optimizer.state_dict())
    train(range(2, 4), second, resumed)
    for a, b in zip(straight.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_clipping_bounds_the_norm_and_reports_the_one_before():
    layer = torch.nn.Linear(3, 3)
    optimizer = build_optimizer(layer, 0.02, 1e-3)
    layer.weight.grad = torch.full((3, 3), 10.0)
    assert optimizer.step(clip=1.0) == pytest.approx(30.0)
    assert layer.weight.grad.norm().item() == pytest.approx(1.0, abs=1e-4)


def test_a_gradient_that_is_not_finite_stops_training_and_leaves_the_weights():
    layer = torch.nn.Linear(3, 2)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    optimizer = build_optimizer(layer, 0.02, 1e-3)
    for parameter in layer.parameters():
        parameter.grad = torch.full_like(parameter, torch.nan)
    with pytest.raises(UserError, match=r"diverged.*lower the learning rates"):
        optimizer.step()
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())
