"""Typed cdktf constructs that serve an open LLM on GPU hosts in an AWS account."""

from inference_constructs.fast_provider_import import register_lazy_package

register_lazy_package("cdktf_cdktf_provider_aws")
