"""The network against transformers: same folder, same numbers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from websailor.errors import UserError
from websailor.models.local.network import Network, NetworkConfig

SMALL = NetworkConfig(
    vocab_size=211, hidden_size=48, layers=3, heads=4, kv_heads=2, head_dim=16, intermediate=80, max_positions=256
)


@pytest.mark.parametrize("tied", [True, False])
def test_logits_equal_transformers(tmp_path: Path, tied: bool) -> None:
    from transformers import Qwen3ForCausalLM

    network = Network(replace(SMALL, tied=tied)).initialise(3)
    network.save(tmp_path)
    reference = Qwen3ForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    tokens = torch.randint(0, 211, (3, 50), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(network(tokens), reference(tokens).logits, atol=1e-4, rtol=1e-4)


def test_transformers_folder_loads_here_and_gradients_agree(tmp_path: Path) -> None:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=97,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=8,
        intermediate_size=64,
        rope_parameters={"rope_theta": 50_000.0, "rope_type": "default"},
        tie_word_embeddings=True,
    )
    reference = Qwen3ForCausalLM(config)
    reference.save_pretrained(tmp_path)
    network = Network.load(tmp_path)
    assert network.config.rope_theta == 50_000.0
    tokens = torch.randint(0, 97, (2, 33), generator=torch.Generator().manual_seed(1))
    for model, logits in ((network, network(tokens)), (reference, reference(tokens).logits)):
        torch.nn.functional.cross_entropy(logits.flatten(0, 1)[:-1], tokens.flatten()[1:]).backward()
        assert model is not None
    ours, theirs = dict(network.named_parameters()), dict(reference.named_parameters())
    assert set(ours) == {name for name in theirs if name != "lm_head.weight"}
    for name, parameter in ours.items():
        torch.testing.assert_close(parameter.grad, theirs[name].grad, atol=1e-5, rtol=1e-4)


def test_padding_on_the_right_changes_nothing() -> None:
    network = Network(SMALL).initialise(0)
    tokens = torch.randint(0, 211, (1, 20), generator=torch.Generator().manual_seed(2))
    padded = torch.cat((tokens, torch.zeros(1, 13, dtype=torch.long)), dim=1)
    with torch.no_grad():
        torch.testing.assert_close(network(padded)[:, :20], network(tokens), atol=1e-5, rtol=1e-5)


def test_save_and_load_are_exact_and_initialise_is_deterministic(tmp_path: Path) -> None:
    network = Network(SMALL).initialise(5)
    network.save(tmp_path / "checkpoint")
    again = Network.load(tmp_path / "checkpoint")
    assert again.config == network.config
    for (name, one), (_, two) in zip(network.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(one, two), name
    assert torch.equal(Network(SMALL).initialise(5).head, network.head)
    assert not torch.equal(Network(SMALL).initialise(6).head, network.head)


def test_bad_folders_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        Network.load(tmp_path)
    config = SMALL.to_hugging_face()
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"no model\.safetensors"):
        Network.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="not readable"):
        Network.load(tmp_path)
    Network(NetworkConfig(vocab_size=5)).save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="do not fit"):
        Network.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    with pytest.raises(UserError, match="model_type"):
        Network.load(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden_size": "x"},
        {"hidden_size": -5},
        {"num_hidden_layers": 0},
        {"num_attention_heads": 0, "head_dim": None},
        {"rope_theta": "x", "rope_parameters": None},
        {"rope_parameters": [1]},
        {"vocab_size": None},
    ],
    ids=repr,
)
def test_a_configuration_that_describes_no_network_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    Network(SMALL).save(tmp_path)
    config = {**SMALL.to_hugging_face(), **changed}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"config\.json: .*onfiguration"):
        Network.load(tmp_path)


@pytest.mark.parametrize("content", [b"[]", b"\x80\xff", b"3"], ids=repr)
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    Network(SMALL).save(tmp_path)
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=r"config\.json"):
        Network.load(tmp_path)


def test_bfloat16_products_stay_close_and_follow_the_weights() -> None:
    network = Network(SMALL).initialise(1)
    tokens = torch.randint(0, 211, (2, 40), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        exact = torch.log_softmax(network(tokens), -1)
        network.compute_in("bfloat16")
        rounded = torch.log_softmax(network(tokens), -1)
        assert rounded.dtype == torch.float32
        assert 0 < (rounded - exact).abs().max() < 0.02
        for parameter in network.parameters():
            parameter.mul_(1.1)
        changed = torch.log_softmax(network(tokens), -1)
        assert (changed - rounded).abs().max() > 0.02, "cached casts must be renewed"
    network(tokens).logsumexp(-1).sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.dtype == torch.float32 for parameter in network.parameters()
    )
