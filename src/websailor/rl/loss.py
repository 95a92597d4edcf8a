"""The policy-gradient loss: log-probabilities and advantages of the agent's own tokens in, a scalar out."""

import torch
from torch import Tensor


def policy_loss(
    logprob_K: Tensor,
    sampled_logprob_K: Tensor,
    advantage_K: Tensor,
    tokens: float,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
) -> Tensor:
    """Token-level clipped loss: -(1 / `tokens`) * sum_k min(r A, clip(r, 1 - clip_low, 1 + clip_high) A).

    `logprob_K` of K tokens under the policy in training (with gradient), `sampled_logprob_K` when they were drawn,
    `advantage_K` of their rollouts; r = exp(difference). `tokens` is the number of the agent's own tokens in the WHOLE
    batch, so that parts of a batch may be summed. No KL term, no entropy bonus (WebSailor-V2; DAPO, Yu et al. 2025).
    """
    ratio_K = torch.exp(logprob_K - sampled_logprob_K)
    clipped_K = ratio_K.clamp(1.0 - clip_low, 1.0 + clip_high)
    return -torch.minimum(ratio_K * advantage_K, clipped_K * advantage_K).sum() / tokens
