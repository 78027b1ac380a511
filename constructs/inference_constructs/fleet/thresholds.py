"""When hosts are added and removed: by how long GPUs are busy, or by how many places requests take."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

ScaleOn: TypeAlias = Literal["gpu", "demand"]
"""What the number of hosts follows.

`gpu`: GPU utilisation (R3.1, R3.2). `demand`: sequences that work or wait, as a share of the places there are.
"""

BUSY_PERCENT = 70
VERY_BUSY_PERCENT = 90
IDLE_PERCENT = 30

BUSY_MINUTES: Mapping[ScaleOn, int] = {"gpu": 3, "demand": 1}
"""GPUs are busy with a single stream, so three minutes of it say that load lasts. Places that are taken say at once
that there is little room, and a host takes minutes to boot."""

IDLE_MINUTES = 10
