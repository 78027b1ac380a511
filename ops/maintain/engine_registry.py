"""What vLLM knows: architectures, types of config.json, parsers. For ops/models/, which works without vLLM.

`make lock` writes it, with the hosts' vLLM and transformers unpacked before those of the local engine: what is read
here is Python alone, which needs no GPU.
"""

# the engine's packages are in an environment of their own
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false
import argparse
import json
from pathlib import Path

TARGET = Path(__file__).parents[1] / "models" / "engine.json"


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__).parse_args()

    import vllm
    from transformers import CONFIG_MAPPING
    from vllm.config.model import _FLOAT16_NOT_SUPPORTED_MODELS
    from vllm.model_executor.models.registry import _TEXT_GENERATION_MODELS
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager
    from vllm.transformers_utils.config import _CONFIG_REGISTRY

    known = {
        "version": vllm.__version__,
        "architectures": sorted(_TEXT_GENERATION_MODELS),
        "model_types": sorted({*CONFIG_MAPPING, *_CONFIG_REGISTRY}),
        "no_float16": sorted(_FLOAT16_NOT_SUPPORTED_MODELS),
        "tool_parsers": sorted(ToolParserManager.list_registered()),
        "reasoning_parsers": sorted(ReasoningParserManager.list_registered()),
    }
    TARGET.write_text(json.dumps(known, indent=0) + "\n")


if __name__ == "__main__":
    main()
