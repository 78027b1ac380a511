"""A stand-in for the Hugging Face Hub on loopback: one repository at one commit, weights by their heads alone."""

import hashlib
import json
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/Qwen2-7B-Instruct-AWQ"

QWEN2_7B: dict[str, Any] = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152_064,
    "max_position_embeddings": 32_768,
    "sliding_window": 131_072,
    "use_sliding_window": False,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm", "zero_point": True},
}
"""What the config.json of such a model says."""

MATRICES = {
    "self_attn.q_proj": (3584, 3584),
    "self_attn.k_proj": (3584, 512),
    "self_attn.v_proj": (3584, 512),
    "self_attn.o_proj": (3584, 3584),
    "mlp.gate_proj": (3584, 18944),
    "mlp.up_proj": (3584, 18944),
    "mlp.down_proj": (18944, 3584),
}


def head(tensors: Mapping[str, tuple[str, list[int]]]) -> bytes:
    """Return the head of a weight file. https://huggingface.co/docs/safetensors/index#format."""
    text = json.dumps(
        {name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]} for name, (dtype, shape) in tensors.items()}
    ).encode()
    return len(text).to_bytes(8, "little") + text


def awq_head() -> bytes:
    """Return the head of the weights: 8 weights of 4 bits in each number, scales for 128 of them."""
    tensors: dict[str, tuple[str, list[int]]] = {}
    for layer in range(28):
        for name, (rows, columns) in MATRICES.items():
            matrix = f"model.layers.{layer}.{name}"
            tensors[f"{matrix}.qweight"] = ("I32", [rows, columns // 8])
            tensors[f"{matrix}.qzeros"] = ("I32", [rows // 128, columns // 8])
            tensors[f"{matrix}.scales"] = ("F16", [rows // 128, columns])
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = ("F16", [152_064, 3584])
    return head(tensors)


@dataclass
class Hub:
    """What the repository holds, to be changed by a test before it asks.

    Attributes:
        files: Content by name; of weights only the head.
        weight_bytes: Size that the Hub states of each weight file.
        gated: As the Hub states it.
        license: The card's.
        url: Where it is served.
    """

    files: dict[str, bytes] = field(
        default_factory=lambda: {
            "config.json": json.dumps(QWEN2_7B).encode(),
            "generation_config.json": b'{"temperature": 0.7, "top_p": 0.8, "top_k": 20, "do_sample": true}',
            "tokenizer.json": b"{}",
            "tokenizer_config.json": b'{"chat_template": "{{ messages }}"}',
            "model.safetensors": awq_head(),
            "README.md": b"# A model",
            "onnx/model.onnx": b"",
        }
    )
    weight_bytes: int = 5_570_000_000
    gated: bool | str = False
    license: str | list[str] = "apache-2.0"
    url: str = ""

    def config(self, **changes: Any) -> None:
        """Change values of config.json."""
        self.files["config.json"] = json.dumps({**json.loads(self.files["config.json"]), **changes}).encode()

    def information(self) -> dict[str, Any]:
        """Return what the Hub says of the repository. https://huggingface.co/docs/hub/api."""
        siblings: list[dict[str, Any]] = []
        for name, content in self.files.items():
            entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "0" * 40}
            if name.endswith(".safetensors"):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": self.weight_bytes, "pointerSize": 135}
            siblings.append(entry)
        return {
            "id": REPOSITORY,
            "sha": COMMIT,
            "gated": self.gated,
            "cardData": {"license": self.license},
            "siblings": siblings,
            "tags": [],
        }


class Handler(BaseHTTPRequestHandler):
    """Answers as the Hub does, as far as the library asks."""

    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if re.fullmatch(rf"/api/models/{REPOSITORY}(/revision/({COMMIT}|main))?", path):
            self._send(200, json.dumps(self.hub.information()).encode(), with_body=with_body)
            return
        name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
        if name in self.hub.files:
            self._send_file(self.hub.files[name], with_body=with_body)
            return
        known = path.startswith((f"/api/models/{REPOSITORY}", f"/{REPOSITORY}"))
        self._send(404, b"", with_body=with_body, **{"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})

    def _send_file(self, content: bytes, *, with_body: bool) -> None:
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if part:
            content = content[int(part[1]) : int(part[2]) + 1]
        marks = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        self._send(206 if part else 200, content, with_body=with_body, **marks)

    def _send(self, status: int, body: bytes, *, with_body: bool, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def serving_hub() -> Generator[Hub]:
    """Serve a repository."""
    hub = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Handler,), {"hub": hub})) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_port}"
        yield hub
        server.shutdown()
        thread.join()
