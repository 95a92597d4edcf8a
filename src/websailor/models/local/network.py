"""Qwen3 in plain torch: token ids in, hidden states and logits out.

Enters: a Hugging Face `Qwen3ForCausalLM` folder, or a `NetworkConfig` and a seed. Leaves: the same folder again, with
the same weight names, so that transformers, TRL, verl and vLLM load it. It exists because a model of a million
parameters spends most of a generic implementation's time in bookkeeping: here one code path serves training
(right-padded causal batches, no mask) and sampling (`step`: packed tokens of many conversations over an external KV
cache).

Architecture: Qwen3 technical report (arXiv 2505.09388): pre-norm RMSNorm, QK-norm, grouped-query attention, rotary
positions (half-rotation layout), SwiGLU, optionally tied embeddings.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from websailor.errors import UserError
from websailor.files import read_json, replacing, write_json


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Shape of a network. The defaults are the embedded agent's: about 0.85M parameters."""

    vocab_size: int
    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    intermediate: int = 384
    rope_theta: float = 10_000.0
    norm_epsilon: float = 1e-6
    max_positions: int = 4096
    """Longest conversation, in tokens."""
    tied: bool = True
    """The LM head is the embedding matrix."""
    eos_token_id: int | None = None
    pad_token_id: int | None = None

    def __post_init__(self) -> None:
        widths = ("vocab_size", "hidden_size", "heads", "kv_heads", "head_dim", "intermediate")
        for name in (*widths, "layers", "max_positions"):
            size = getattr(self, name)
            if not isinstance(size, int) or size < 1:
                raise UserError(f"{name} = {size!r}: a positive whole number is needed")
        if self.heads % self.kv_heads:
            raise UserError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.head_dim % 4:
            raise UserError(f"head_dim ({self.head_dim}) must be a multiple of 4")

    def to_hugging_face(self) -> dict[str, Any]:
        """The `config.json` of a `Qwen3ForCausalLM` with this shape."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "bos_token_id": None,
            "dtype": "float32",
            "eos_token_id": self.eos_token_id,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "hidden_size": self.hidden_size,
            "initializer_range": 0.02,
            "intermediate_size": self.intermediate,
            "max_position_embeddings": self.max_positions,
            "max_window_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "num_key_value_heads": self.kv_heads,
            "pad_token_id": self.pad_token_id,
            "rms_norm_eps": self.norm_epsilon,
            "rope_scaling": None,
            "rope_theta": self.rope_theta,
            "sliding_window": None,
            "tie_word_embeddings": self.tied,
            "use_cache": True,
            "use_sliding_window": False,
            "vocab_size": self.vocab_size,
        }

    @classmethod
    def from_hugging_face(cls, config: dict[str, Any], where: str = "config.json") -> Self:
        """Read a `config.json`. Raises `UserError` for an architecture this network does not compute exactly."""
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {} if isinstance(config, dict) else None
        if not isinstance(rope, dict):
            raise UserError(f"{where}: not a configuration: give a checkpoint folder (Hugging Face layout)")
        refused = {
            "model_type": config.get("model_type") != "qwen3",
            "attention_bias": bool(config.get("attention_bias")),
            "use_sliding_window": bool(config.get("use_sliding_window")),
            "hidden_act": config.get("hidden_act", "silu") != "silu",
            "rope_type": rope.get("rope_type", rope.get("type", "default")) != "default",
        }
        for key, bad in refused.items():
            if bad:
                value = config.get(key, rope.get(key))
                raise UserError(
                    f"{where}: {key} = {value!r} is not supported locally: use a Qwen3ForCausalLM, or serve it"
                )
        eos = config.get("eos_token_id")
        try:
            return cls(
                vocab_size=config["vocab_size"],
                hidden_size=config["hidden_size"],
                layers=config["num_hidden_layers"],
                heads=config["num_attention_heads"],
                kv_heads=config["num_key_value_heads"],
                head_dim=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
                intermediate=config["intermediate_size"],
                rope_theta=float(config.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
                norm_epsilon=config.get("rms_norm_eps", 1e-6),
                max_positions=config.get("max_position_embeddings", 4096),
                tied=config.get("tie_word_embeddings", False),
                eos_token_id=eos[0] if isinstance(eos, list) else eos,
                pad_token_id=config.get("pad_token_id"),
            )
        except KeyError as error:
            raise UserError(f"{where}: {error.args[0]} is missing: not a complete Qwen3 configuration") from error
        except (UserError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
            raise UserError(f"{where}: {error}: not a usable Qwen3 configuration") from error


Precision = Literal["auto", "float32", "bfloat16"]


def has_bfloat16() -> bool:
    """True if this CPU multiplies bfloat16 natively; without that, bfloat16 is several times slower than float32."""
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.is_file() and "avx512_bf16" in cpuinfo.read_text(encoding="utf-8")


class Attend(Protocol):
    """Attention of one layer over whatever keys and values it knows; `step` is given one that owns a KV cache."""

    def __call__(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """`query` [S, heads, head_dim], `key` and `value` [S, kv_heads, head_dim] (rotated) -> [S, heads, head_dim]."""
        ...


def _causal(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention inside each row: [B, T, heads, head_dim] -> the same shape."""
    del layer
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (x.repeat_interleave(repeats, dim=1) for x in (key, value))
    return functional.scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2)


def _rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions, half-rotation layout: `x` [..., heads, head_dim], cosine and sine [..., 1, head_dim / 2]."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cosine - high * sine, high * cosine + low * sine), dim=-1)


class _Linear(nn.Linear):
    """A product without bias, in the network's compute type; the weight itself stays float32."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)
        self.compute = torch.float32
        self._cast: tuple[int, Tensor] | None = None

    def forward(self, input: Tensor) -> Tensor:
        if self.compute == self.weight.dtype:
            return functional.linear(input, self.weight)
        if torch.is_grad_enabled():
            return functional.linear(input.to(self.compute), self.weight.to(self.compute))
        if self._cast is None or self._cast[0] != self.weight._version or self._cast[1].dtype != self.compute:
            self._cast = self.weight._version, self.weight.detach().to(self.compute)
        return functional.linear(input.to(self.compute), self._cast[1])


class _Norm(nn.Module):
    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.to(self.weight.dtype), self.weight.shape, self.weight, self.epsilon)


class _Attention(nn.Module):
    def __init__(self, config: NetworkConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.head_dim = config.head_dim
        self.q_proj = _Linear(config.hidden_size, config.heads * config.head_dim)
        self.k_proj = _Linear(config.hidden_size, config.kv_heads * config.head_dim)
        self.v_proj = _Linear(config.hidden_size, config.kv_heads * config.head_dim)
        self.o_proj = _Linear(config.heads * config.head_dim, config.hidden_size)
        self.q_norm = _Norm(config.head_dim, config.norm_epsilon)
        self.k_norm = _Norm(config.head_dim, config.norm_epsilon)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, attend: Attend) -> Tensor:
        by_head = (*x.shape[:-1], -1, self.head_dim)
        query = _rotate(self.q_norm(self.q_proj(x).view(by_head)), cosine, sine)
        key = _rotate(self.k_norm(self.k_proj(x).view(by_head)), cosine, sine)
        value = self.v_proj(x).view(by_head)
        mixed = attend(self.layer, query.to(value.dtype), key.to(value.dtype), value)
        return self.o_proj(mixed.reshape(*x.shape[:-1], -1))


class _FeedForward(nn.Module):
    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.gate_proj = _Linear(config.hidden_size, config.intermediate)
        self.up_proj = _Linear(config.hidden_size, config.intermediate)
        self.down_proj = _Linear(config.intermediate, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class _Layer(nn.Module):
    def __init__(self, config: NetworkConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = _Norm(config.hidden_size, config.norm_epsilon)
        self.self_attn = _Attention(config, layer)
        self.post_attention_layernorm = _Norm(config.hidden_size, config.norm_epsilon)
        self.mlp = _FeedForward(config)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor, attend: Attend) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, attend)
        return x + self.mlp(self.post_attention_layernorm(x))


class _Body(nn.Module):
    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(_Layer(config, layer) for layer in range(config.layers))
        self.norm = _Norm(config.hidden_size, config.norm_epsilon)


class Network(nn.Module):
    """A Qwen3 causal language model. Parameters carry Hugging Face names; arithmetic is in the parameters' dtype."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.model = _Body(config)
        self.lm_head = None if config.tied else _Linear(config.hidden_size, config.vocab_size)
        exponent = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
        frequency = 1.0 / config.rope_theta**exponent
        angle = torch.arange(config.max_positions, dtype=torch.float32)[:, None] * frequency
        self.register_buffer("cosine", angle.cos()[:, None], persistent=False)
        self.register_buffer("sine", angle.sin()[:, None], persistent=False)

    @property
    def head(self) -> Tensor:
        """The LM head's weight [V, D]."""
        return self.model.embed_tokens.weight if self.lm_head is None else self.lm_head.weight

    def compute_in(self, precision: Precision) -> Self:
        """Choose the type of the matrix products; `auto` is bfloat16 where the CPU multiplies it natively.

        Weights, norms, the residual stream and the logits stay float32. Returns the network.
        """
        native = precision == "bfloat16" or (precision == "auto" and has_bfloat16())
        for module in self.model.modules():
            if isinstance(module, _Linear):
                module.compute = torch.bfloat16 if native else torch.float32
        return self

    @property
    def first_attention(self) -> _Attention:
        """Attention of the first layer."""
        attention = self.model.layers[0].self_attn
        assert isinstance(attention, _Attention)
        return attention

    def parameter_count(self) -> int:
        """Trainable numbers, the tied head counted once."""
        return sum(parameter.numel() for parameter in self.parameters())

    def hidden(self, tokens_BT: Tensor) -> Tensor:
        """Final hidden states [B, T, D] of right-padded rows: padding follows the text, so causality keeps it out."""
        length = tokens_BT.shape[1]
        return self._forward(tokens_BT, self.cosine[:length], self.sine[:length], _causal)

    def step(self, tokens_S: Tensor, positions_S: Tensor, attend: Attend) -> Tensor:
        """Final hidden states [S, D] of packed tokens of any number of conversations; `attend` owns the KV cache."""
        return self._forward(tokens_S, self.cosine[positions_S], self.sine[positions_S], attend)

    def logits(self, hidden_ND: Tensor) -> Tensor:
        """Logits [N, V] at the given final hidden states."""
        return functional.linear(hidden_ND, self.head)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Logits [B, T, V] at every position."""
        return self.logits(self.hidden(tokens_BT))

    def _forward(self, tokens: Tensor, cosine: Tensor, sine: Tensor, attend: Attend) -> Tensor:
        x = self.model.embed_tokens(tokens)
        for layer in self.model.layers:
            x = layer(x, cosine, sine, attend)
        return self.model.norm(x)

    @torch.no_grad()
    def initialise(self, seed: int) -> Self:
        """Draw fresh weights: embeddings N(0, 0.02), matrices N(0, 1/fan_in), those that write to the residual stream
        smaller by sqrt(2 * layers). Returns the network."""
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                parameter.fill_(1.0)
            elif "embed_tokens" in name or "lm_head" in name:
                parameter.normal_(0.0, 0.02, generator=generator)
            else:
                deviation = parameter.shape[1] ** -0.5
                if "o_proj" in name or "down_proj" in name:
                    deviation /= (2 * self.config.layers) ** 0.5
                parameter.normal_(0.0, deviation, generator=generator)
        return self

    def save(self, folder: Path) -> None:
        """Write `config.json` and `model.safetensors` (float32, Hugging Face names); each file replaced atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        state = self.state_dict()
        weights = {name: value.detach().to("cpu", torch.float32).contiguous() for name, value in state.items()}
        with replacing(folder / "model.safetensors") as temporary:
            save_file(weights, temporary, metadata={"format": "pt"})
        write_json(folder / "config.json", self.config.to_hugging_face())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a Hugging Face Qwen3 folder (one safetensors file or shards) as float32; `UserError` if it is none."""
        file = folder / "config.json"
        if not file.is_file():
            raise UserError(f"{folder}: no config.json: give a checkpoint folder (Hugging Face layout)")
        try:
            network = cls(NetworkConfig.from_hugging_face(json.loads(file.read_text(encoding="utf-8")), str(file)))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{file}: not JSON ({error}): the checkpoint is damaged, make it again") from error
        weights: dict[str, Tensor] = {}
        for shard in _weight_files(folder):
            try:
                weights.update(load_file(shard))
            except (SafetensorError, OSError) as error:
                raise UserError(f"{shard}: not readable as safetensors ({error}): the checkpoint is damaged") from error
        if network.config.tied:
            weights.pop("lm_head.weight", None)
        try:
            network.load_state_dict({name: value.float() for name, value in weights.items()})
        except RuntimeError as error:
            detail = " ".join(str(error).split())[:200]
            raise UserError(f"{folder}: the weights do not fit config.json ({detail})") from error
        return network


def _weight_files(folder: Path) -> list[Path]:
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        found = read_json(index)
        if not isinstance(found, dict) or not isinstance(found.get("weight_map"), dict):
            raise UserError(f"{index}: names no files of weights: the checkpoint is damaged")
        return [folder / str(name) for name in sorted(set(found["weight_map"].values()))]
    raise UserError(f"{folder}: no model.safetensors: give a checkpoint folder (Hugging Face layout)")
