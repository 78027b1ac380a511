"""The stacks: each one is wired from constructs and applied on its own.

cdktf runs on Node through jsii, which would take whatever `node` is on the PATH. The locked one stands beside the
interpreter, so that nobody has to install Node.
"""

import os
import sys
from pathlib import Path

_NODE = Path(sys.executable).with_name("node")
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))
    # a deprecation in jsii's own dependencies, which nobody here can act on
    os.environ.setdefault("NODE_OPTIONS", "--no-deprecation")
