"""Typed cdktf constructs that serve an open LLM on GPU hosts in an AWS account."""

from inference_constructs._lazy_provider import register_lazy_package
from inference_constructs._locked_node import use_locked_node

use_locked_node()
register_lazy_package("cdktf_cdktf_provider_aws")
