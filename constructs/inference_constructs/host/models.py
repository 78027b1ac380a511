"""Models: what determines how much memory one takes, and what a client gets that asks for nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Model:
    """What determines a model's memory, from its config.json.

    Attributes:
        name: Name that clients send.
        parameters: Number of weights.
        layers: Number of layers.
        embedding_parameters: Those of them in token embeddings and output layer, which quantization leaves alone.
        heads: Query heads of a layer.
        kv_heads: Key and value heads of a layer.
        head_size: Size of a head.
        context_tokens: Longest context that it was trained for.
        temperature: What a request without one gets: its generation_config.json's, or vLLM's default.
    """

    name: str
    parameters: int
    embedding_parameters: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    context_tokens: int
    temperature: float = 1.0

    @property
    def weight_bytes(self) -> int:
        """Size of the weights in 16 bits."""
        return 2 * self.parameters

    @property
    def kv_bytes_per_token(self) -> int:
        """Size of a token's keys and values in 16 bits."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_size


PHI_3_MINI_4K = Model(
    name="phi-3-mini-4k-instruct",
    parameters=3_821_079_552,
    embedding_parameters=2 * 32_064 * 3_072,
    layers=32,
    heads=32,
    kv_heads=32,
    head_size=96,
    context_tokens=4096,
)
