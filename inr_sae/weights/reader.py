"""The transformer that reads a network's class off its tokens."""

import flax.linen as nn
import jax.numpy as jnp

LAYER_SCALE = 0.1


class Block(nn.Module):
    """Pre-norm attention and a GELU MLP of the same width, each scaled channel by channel."""

    width: int
    heads: int

    @nn.compact
    def __call__(self, h):
        attended = nn.MultiHeadDotProductAttention(self.heads, qkv_features=self.width)(nn.LayerNorm()(h))
        h = h + attended * self.param("scale_attention", nn.initializers.constant(LAYER_SCALE), (self.width,))
        mixed = nn.Dense(self.width)(nn.gelu(nn.Dense(self.width)(nn.LayerNorm()(h))))
        return h + mixed * self.param("scale_mlp", nn.initializers.constant(LAYER_SCALE), (self.width,))


class Reader(nn.Module):
    """Tokens (B, T, D) -> (logits (B, classes), mean tokens (B, blocks + 1, width): embedded, and after each block).

    What it reads is gain times (tokens + place), where place (T, D), learned from 0, is all that tells it which token
    is which.
    """

    n_classes: int
    width: int
    heads: int
    blocks: int
    gain: float

    @nn.compact
    def __call__(self, tokens):
        place = self.param("place", nn.initializers.zeros, tokens.shape[1:])
        h = nn.Dense(self.width)(self.gain * (tokens + place))
        means = [h.mean(axis=1)]
        for _ in range(self.blocks):
            h = Block(self.width, self.heads)(h)
            means.append(h.mean(axis=1))
        return nn.Dense(self.n_classes)(means[-1]), jnp.stack(means, axis=1)
