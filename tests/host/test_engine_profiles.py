"""What fits into which GPU: the figures that are published for Phi-3 mini, and what is refused."""

import dataclasses

import pytest

from inference_constructs.host.engine import Engine
from inference_constructs.host.engine_profiles import engine_profile
from inference_constructs.host.instance_types import INSTANCE_TYPES
from inference_constructs.host.models import PHI_3_MINI_4K


@pytest.mark.req("R1.3")
def test_every_size_of_both_families_runs_the_model() -> None:
    assert {name.partition(".")[0] for name in INSTANCE_TYPES} == {"g4dn", "g5"}
    for name in INSTANCE_TYPES:
        assert engine_profile(Engine(name)).max_model_len == 4096


@pytest.mark.req("R1.3")
@pytest.mark.parametrize("name", ["p4d.24xlarge", "g6.xlarge", "g4dn.3xlarge", "m5.large"])
def test_other_instance_types_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is not a GPU instance of the g4dn or g5 family"):
        engine_profile(Engine(name))


def test_t4_takes_float16_and_triton_attention() -> None:
    profile = engine_profile(Engine("g4dn.xlarge"))
    assert "--dtype float16" in profile.engine_args
    assert "--attention-backend TRITON_ATTN" in profile.engine_args


def test_a10g_takes_bfloat16_and_vllms_own_attention() -> None:
    profile = engine_profile(Engine("g5.xlarge"))
    assert "--dtype bfloat16" in profile.engine_args
    assert "--attention-backend" not in profile.engine_args


@pytest.mark.parametrize(("name", "tokens"), [("g4dn.xlarge", 13_100), ("g5.xlarge", 31_500)])
def test_kv_cache_holds_what_the_arithmetic_of_the_model_gives(name: str, tokens: int) -> None:
    assert engine_profile(Engine(name)).kv_cache_tokens == pytest.approx(tokens, rel=0.03)


def test_gpus_of_a_host_share_the_model() -> None:
    assert "--tensor-parallel-size 4" in engine_profile(Engine("g5.12xlarge")).engine_args


def test_bfloat16_on_a_t4_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"^g4dn.xlarge \(T4\) has no bfloat16; use float16, got bfloat16$"):
        engine_profile(Engine("g4dn.xlarge"), dtype="bfloat16")


def test_context_beyond_the_models_is_refused() -> None:
    with pytest.raises(ValueError, match="has a context of 4096 tokens, got max_model_len 8192"):
        engine_profile(Engine("g5.xlarge"), max_model_len=8192)


def test_model_that_does_not_fit_is_refused() -> None:
    larger = dataclasses.replace(PHI_3_MINI_4K, name="phi-3-medium", parameters=14_000_000_000)
    with pytest.raises(ValueError, match=r"room for 0 tokens beside the weights of phi-3-medium \(26.1 GiB\)"):
        engine_profile(Engine("g5.xlarge", model=larger))


def test_heads_that_the_gpus_cannot_share_are_refused() -> None:
    odd = dataclasses.replace(PHI_3_MINI_4K, kv_heads=10)
    with pytest.raises(ValueError, match="has 10 heads, which 4 GPUs"):
        engine_profile(Engine("g5.12xlarge", model=odd))
