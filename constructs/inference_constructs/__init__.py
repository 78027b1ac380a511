"""Typed cdktf constructs that serve an open LLM on GPU hosts in an AWS account.

What a stack of one's own is built from can be imported from here. Each name of this package, and of those in it, is
loaded when it is first asked for: a command that only needs prices does not wait for cdktf and Node.
"""

import lazy_loader

from inference_constructs._lazy_provider import register_lazy_package
from inference_constructs._locked_node import use_locked_node

use_locked_node()
register_lazy_package("cdktf_cdktf_provider_aws")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
