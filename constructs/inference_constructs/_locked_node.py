"""The Node.js that cdktf runs on through jsii, which would take whatever `node` is on the PATH.

The locked one stands beside the interpreter, so that nobody has to install Node.
"""

import os
import sys
from pathlib import Path


def use_locked_node() -> None:
    """Let jsii start the locked Node.js, where it is installed."""
    node = Path(sys.executable).with_name("node")
    if node.exists():
        os.environ["LOCKED_NODE"] = str(node)
        os.environ.setdefault("JSII_NODE", str(Path(__file__).with_name("node.sh")))
        # a deprecation in jsii's own dependencies, which nobody here can act on
        os.environ.setdefault("NODE_OPTIONS", "--no-deprecation")
