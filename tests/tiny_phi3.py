"""Writes a Phi-3 of few random weights, which vLLM serves under the real architecture; runs in the engine's python."""

# the engine's packages are in an environment of their own
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false

import sys
from pathlib import Path

CONTEXT_TOKENS = 32_768
VOCABULARY = 512
SPECIAL_TOKENS = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
CHAT_TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"


def write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL_TOKENS, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["The quick brown fox jumps over the lazy dog."] * 10, trainer)
    begin = SPECIAL_TOKENS[0]
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=begin, pad_token=begin)
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)


def write_model(folder: Path) -> None:
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT_TOKENS,
        original_max_position_embeddings=CONTEXT_TOKENS,
        bos_token_id=0,
        # never drawn, so that every answer is as long as asked for
        eos_token_id=VOCABULARY,
        pad_token_id=0,
    )
    Phi3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    write_tokenizer(Path(sys.argv[1]))
    write_model(Path(sys.argv[1]))
