"""What fits into which GPU: the figures that are published for Phi-3 mini, and what is refused."""

import msgspec
import pytest

from inference_constructs.host.engine import Engine, Quantization
from inference_constructs.host.engine_profiles import USUAL_PROMPT_TOKENS, engine_profile
from inference_constructs.host.instance_types import INSTANCE_TYPES
from inference_constructs.host.models import Model, ModelFile
from support.models import PHI_3, phi_3_on


@pytest.mark.req("R1.3")
def test_every_size_of_both_families_runs_the_model() -> None:
    assert {name.partition(".")[0] for name in INSTANCE_TYPES} == {"g4dn", "g5"}
    for name in INSTANCE_TYPES:
        assert engine_profile(phi_3_on(name)).max_model_len == 4096


@pytest.mark.req("R1.3")
@pytest.mark.parametrize("name", ["p4d.24xlarge", "g6.xlarge", "g4dn.3xlarge", "m5.large"])
def test_other_instance_types_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is not a GPU instance of the g4dn or g5 family"):
        engine_profile(phi_3_on(name))


def test_t4_takes_float16_and_triton_attention() -> None:
    profile = engine_profile(phi_3_on("g4dn.xlarge"))
    assert "--dtype float16" in profile.engine_args
    assert "--attention-backend TRITON_ATTN" in profile.engine_args


def test_a10g_takes_bfloat16_and_vllms_own_attention() -> None:
    profile = engine_profile(phi_3_on("g5.xlarge"))
    assert "--dtype bfloat16" in profile.engine_args
    assert "--attention-backend" not in profile.engine_args


@pytest.mark.parametrize(("name", "tokens"), [("g4dn.xlarge", 13_100), ("g5.xlarge", 31_500)])
def test_kv_cache_holds_what_the_arithmetic_of_the_model_gives(name: str, tokens: int) -> None:
    assert engine_profile(phi_3_on(name)).kv_cache_tokens == pytest.approx(tokens, rel=0.03)


@pytest.mark.parametrize(("name", "tokens"), [("g4dn.xlarge", 404), ("g5.xlarge", 479)])
def test_longest_answer_is_what_is_documented(name: str, tokens: int) -> None:
    assert engine_profile(phi_3_on(name)).max_output_tokens(30) == tokens


@pytest.mark.req("R7.2")
@pytest.mark.parametrize("quantization", [None, "fp8"])
@pytest.mark.parametrize("name", [name for name, each in INSTANCE_TYPES.items() if each.gpu_count == 1])
def test_longest_answer_ends_before_the_deadline_with_a_full_cache(
    name: str, quantization: Quantization | None
) -> None:
    profile = engine_profile(phi_3_on(name, quantization=quantization))
    step = profile.step_time.step_seconds(streams=profile.max_num_seqs, tokens=profile.kv_cache_tokens)
    assert profile.max_output_tokens(30) * step < 30


def test_fewer_places_allow_longer_answers_and_more_places_shorter_ones() -> None:
    longest = [engine_profile(phi_3_on("g5.xlarge", max_num_seqs=n)).max_output_tokens(30) for n in (8, 30, 78)]
    assert longest == sorted(longest, reverse=True)
    assert longest[0] > 1.5 * longest[1] > 3 * longest[2]


def test_answers_of_all_places_fit_into_the_cache_beside_usual_prompts() -> None:
    profile = engine_profile(phi_3_on("g4dn.xlarge", max_num_seqs=32))
    assert 32 * (USUAL_PROMPT_TOKENS + profile.max_output_tokens(30)) <= profile.kv_cache_tokens


@pytest.mark.parametrize("places", [7, 33])
def test_places_without_memory_or_too_few_for_the_widest_request_are_refused(places: int) -> None:
    with pytest.raises(ValueError, match=f"^max_num_seqs must be 8, .*, to 32, what g4dn.xlarge has .*, got {places}$"):
        engine_profile(phi_3_on("g4dn.xlarge", max_num_seqs=places))


@pytest.mark.parametrize(("name", "places"), [("g4dn.xlarge", 21), ("g5.xlarge", 35)])
def test_weights_in_8_bits_leave_room_for_more_requests(name: str, places: int) -> None:
    profile = engine_profile(phi_3_on(name, quantization="fp8"))
    assert profile.max_num_seqs == places
    assert "--quantization fp8_per_tensor" in profile.engine_args


def test_requests_that_only_slow_each_other_down_do_not_run_at_once() -> None:
    profile = engine_profile(Engine("g5.xlarge", model=msgspec.structs.replace(PHI_3, kv_heads=4)))
    places = profile.max_num_seqs
    assert places < profile.kv_cache_tokens // 1024
    one, every, more = (profile.step_time.step_seconds(streams=n, tokens=0) for n in (1, places, places + 1))
    assert one == every < more


def test_weights_stay_as_they_are_unless_asked() -> None:
    assert "--quantization" not in engine_profile(phi_3_on("g5.xlarge")).engine_args


def test_quantization_without_a_kernel_is_refused_in_words() -> None:
    unknown = phi_3_on("g4dn.xlarge", quantization="nvfp4")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"^g4dn.xlarge \(T4\) runs no quantization nvfp4; use fp8, or none$"):
        engine_profile(unknown)


def test_gpus_of_a_host_share_the_model() -> None:
    assert "--tensor-parallel-size 4" in engine_profile(phi_3_on("g5.12xlarge")).engine_args


def test_bfloat16_on_a_t4_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"^g4dn.xlarge \(T4\) does not compute in bfloat16; use float16, got bf"):
        engine_profile(phi_3_on("g4dn.xlarge"), dtype="bfloat16")


def test_a_context_beyond_the_cache_is_cut_with_room_for_what_the_estimate_is_wrong_by() -> None:
    profile = engine_profile(Engine("g5.xlarge", model=msgspec.structs.replace(PHI_3, context_tokens=131_072)))
    assert 0.75 < profile.max_model_len / profile.kv_cache_tokens <= 0.8


def test_a_host_with_room_for_a_short_context_only_is_refused() -> None:
    longer = msgspec.structs.replace(PHI_3, context_tokens=131_072, layers=96)
    with pytest.raises(ValueError, match=r"room for 4\d\d\d tokens beside .*, too few for a context of 4096$"):
        engine_profile(Engine("g4dn.xlarge", model=longer))


def test_model_that_does_not_fit_is_refused() -> None:
    larger = msgspec.structs.replace(
        PHI_3, name="larger", files=(ModelFile(name="model.safetensors", size=28_000_000_000, sha256="0" * 64),)
    )
    with pytest.raises(ValueError, match=r"room for 0 tokens beside the weights of larger \(26.1 GiB\)"):
        engine_profile(Engine("g5.xlarge", model=larger))


@pytest.mark.parametrize(
    "odd",
    [
        msgspec.structs.replace(PHI_3, heads=30),
        msgspec.structs.replace(PHI_3, kv_heads=10),
        # a GPU's part of the rows is 2368 long, 18.5 groups
        msgspec.structs.replace(PHI_3, intermediate_size=9472, quantization="awq", group_size=128),
    ],
    ids=["heads", "heads of keys and values", "groups of weights"],
)
def test_what_the_gpus_cannot_share_is_refused(odd: Model) -> None:
    assert engine_profile(Engine("g5.xlarge", model=odd)).tensor_parallel_size == 1
    with pytest.raises(ValueError, match=r"which 4 GPUs of g5\.12xlarge \(A10G\) cannot share$"):
        engine_profile(Engine("g5.12xlarge", model=odd))


def test_gpus_beyond_the_heads_of_keys_and_values_hold_copies_of_them() -> None:
    few = msgspec.structs.replace(PHI_3, kv_heads=4)
    four, eight = (engine_profile(Engine(name, model=few)).kv_cache_tokens for name in ("g5.12xlarge", "g5.48xlarge"))
    # twice the memory, for twice the copies
    assert eight == pytest.approx(four, rel=0.06)


@pytest.mark.req("R1.3")
def test_weights_that_the_gpu_has_no_kernels_for_are_refused() -> None:
    packed = msgspec.structs.replace(PHI_3, quantization="mxfp4")
    assert engine_profile(Engine("g5.xlarge", model=packed)).dtype == "bfloat16"
    with pytest.raises(
        ValueError, match=r"^g4dn\.xlarge \(T4\) runs no mxfp4 weights, .* from compute capability 8\.0"
    ):
        engine_profile(Engine("g4dn.xlarge", model=packed))


def test_a_model_that_overflows_in_float16_is_refused_where_there_is_nothing_else() -> None:
    wide = msgspec.structs.replace(PHI_3, dtypes=("bfloat16",))
    with pytest.raises(ValueError, match=r"is computed in bfloat16, which g4dn\.xlarge \(T4\) does not support"):
        engine_profile(Engine("g4dn.xlarge", model=wide))


def test_weights_that_are_packed_already_are_not_packed_again() -> None:
    packed = msgspec.structs.replace(PHI_3, quantization="awq")
    with pytest.raises(ValueError, match="are awq already; leave out quantization"):
        engine_profile(Engine("g5.xlarge", model=packed, quantization="fp8"))
