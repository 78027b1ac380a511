"""What the public API offers: its stage and its routes."""

from dataclasses import dataclass

STAGE = "live"
"""Name of the API's one stage: the first part of the path at AWS's own URL."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the API.

    Attributes:
        method: HTTP method.
        path: Path from the API's root.
        needs_key: Whether it needs an API key where keys are required.
    """

    method: str
    path: str
    needs_key: bool = True

    @property
    def is_inference(self) -> bool:
        """Whether the model works for it."""
        return self.method == "POST"


OPERATIONS = (
    Operation(method="POST", path="/v1/completions"),
    Operation(method="POST", path="/v1/chat/completions"),
    Operation(method="GET", path="/v1/models"),
    Operation(method="GET", path="/health", needs_key=False),
)
