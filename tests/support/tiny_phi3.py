"""Writes a tiny Phi-3 that counts, which vLLM serves under the real architecture; runs in the engine's python.

`python tiny_phi3.py FOLDER Llama` writes the same as a Llama, without a chat template.

After " 7" it writes " 8 9 10 ...", after " 999" again " 0", and after anything else, a chat's template included,
" 0 1 2 ...". So the text of an answer is known beforehand, at every temperature that a client may ask for:

- The layers add nothing to the residual stream, since `o_proj` and `down_proj` are 0: what reaches the head is the
  embedding of the last token alone.
- Numbers are embedded as random unit vectors, everything else as the last dimension, which no number uses.
- The head's row of a number points to the embedding of its predecessor; that of " 0" also to the last dimension.
  All other rows are 0. The final norm makes the state 16 long, so the successor's logit is 160, the next best about
  60 (two random vectors of 255 dimensions are nearly at right angles): e^-50 is left for it at temperature 2.

The end of text is never drawn, so an answer is as long as was asked for, unless `stop` or a grammar ends it.
"""

# the engine's packages are in an environment of their own
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

import sys
from pathlib import Path

CONTEXT_TOKENS = 32_768
HIDDEN_SIZE = 256
NUMBERS = [f" {number}" for number in range(1000)]
SPECIAL_TOKENS = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
CHAT_TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"


def write_tokenizer(folder: Path, chat_template: str | None) -> int:
    """Write a tokenizer of single bytes and whole numbers; returns the size of its vocabulary, numbers last."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(SPECIAL_TOKENS + alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    tokenizer.add_tokens([AddedToken(number, normalized=False) for number in NUMBERS])
    end = SPECIAL_TOKENS[0]
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=end, eos_token=end, pad_token=end)
    fast.chat_template = chat_template
    fast.save_pretrained(folder)
    return tokenizer.get_vocab_size()


def write_model(folder: Path, vocabulary: int, family: str) -> None:
    """Write the weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=vocabulary,
        hidden_size=HIDDEN_SIZE,
        intermediate_size=HIDDEN_SIZE,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT_TOKENS,
        **({"original_max_position_embeddings": CONTEXT_TOKENS} if family == "Phi3" else {}),
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = getattr(transformers, f"{family}ForCausalLM")(config)
    numbers = torch.randn(len(NUMBERS), HIDDEN_SIZE)
    numbers[:, -1] = 0
    numbers /= numbers.norm(dim=1, keepdim=True)
    successors = numbers.roll(1, dims=0)
    successors[0, -1] = 1
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        embeddings = model.model.embed_tokens.weight
        embeddings.zero_()
        embeddings[:, -1] = 1
        embeddings[-len(NUMBERS) :] = numbers
        model.lm_head.weight.zero_()
        model.lm_head.weight[-len(NUMBERS) :] = 10 * successors
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    target, family = Path(sys.argv[1]), (sys.argv[2:] or ["Phi3"])[0]
    write_model(target, write_tokenizer(target, CHAT_TEMPLATE if family == "Phi3" else None), family)
