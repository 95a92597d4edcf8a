"""The local model: a Qwen3-architecture network, its tokenizer, its optimiser, and the engine that samples from it.

Enters and leaves: plain Hugging Face folders (`config.json`, `model.safetensors`, `tokenizer.json`), so a checkpoint
made here loads in transformers, TRL, verl and vLLM and the other way round. Nothing heavy is imported until a submodule
is: `network` (weights and forward pass), `engine` (continuous batching), `policy` (the engine as a `Policy`),
`tokenizer`, `optimizer`.
"""
