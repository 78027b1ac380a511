"""vLLM's own load generator, the one of `vllm bench serve`, run in the engine environment by `ops.load`.

It reads the load as JSON from standard input, and writes what it measured as JSON to the file that it is given. The
function is called instead of the command because that needs pandas, and package metadata that the CPU build lacks.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false
import asyncio
import json
import sys
from pathlib import Path

from vllm.benchmarks.datasets import SampleRequest
from vllm.benchmarks.serve import TaskType, benchmark


def main() -> None:
    """Put the load on the API."""
    load = json.load(sys.stdin)
    tokens = load["output_tokens"]
    measured = asyncio.run(
        benchmark(
            task_type=TaskType.GENERATION,
            endpoint_type="openai",
            api_url=f"{load['url']}/v1/completions",
            base_url=load["url"],
            model_id=load["model"],
            model_name=load["model"],
            # without a tokenizer, the API's own `usage` counts the tokens
            tokenizer=None,
            input_requests=[
                SampleRequest(prompt=text, prompt_len=1, expected_output_len=tokens) for text in load["prompts"]
            ],
            logprobs=None,
            request_rate=load["rate"],
            burstiness=1.0,
            disable_tqdm=False,
            num_warmups=0,
            profile=False,
            selected_percentile_metrics=["e2el"],
            selected_percentiles=[50],
            ignore_eos=load["ignore_eos"],
            goodput_config_dict={},
            max_concurrency=load["max_concurrency"],
            lora_modules=None,
            extra_headers=None,
            extra_body=None,
            ready_check_timeout_sec=0,
        )
    )
    Path(sys.argv[1]).write_text(json.dumps(measured))


if __name__ == "__main__":
    main()
