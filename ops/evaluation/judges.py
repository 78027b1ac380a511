"""When an answer counts as right. Each judge takes the answer's text and what is accepted.

They are lenient where a correct answer may be worded in several ways, and strict where the wording was the task.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence

Judge = Callable[[str, Sequence[str]], bool]

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_ITEM_NUMBER = re.compile(r"^\s*(?:[-*•]|\d+[.)]\s)\s*")
_CODE_BLOCK = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def plain(text: str) -> str:
    """Return the words in lower case, without accents and punctuation, one space between them."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(letter for letter in letters if not unicodedata.combining(letter))))


def last_number(answer: str, accepted: Sequence[str]) -> bool:
    """The last number of the answer is it: a calculation may come first."""
    numbers = _NUMBER.findall(answer)
    return bool(numbers) and float(numbers[-1].replace(",", "")) in [float(number) for number in accepted]


def mentions(answer: str, accepted: Sequence[str]) -> bool:
    """One of what is accepted occurs in the answer as whole words."""
    return any(f" {plain(text)} " in f" {plain(answer)} " for text in accepted)


def letter(answer: str, accepted: Sequence[str]) -> bool:
    """The first capital letter from A to D that stands alone is it."""
    found = re.search(r"\b[A-D]\b", answer)
    return found is not None and found[0] in accepted


def listed(answer: str, accepted: Sequence[str]) -> bool:
    """The answer is these items in this order, separated by commas or lines, with or without bullets."""
    items = [_ITEM_NUMBER.sub("", item) for item in re.split(r",|\n", answer.strip())]
    return [plain(item) for item in items if plain(item)] == [plain(item) for item in accepted]


def exactly(answer: str, accepted: Sequence[str]) -> bool:
    """The answer is it to the letter, but for space around it."""
    return answer.strip() in accepted


def json_object(answer: str, accepted: Sequence[str]) -> bool:
    """The answer is JSON of the same value, with or without a code block around it."""
    block = _CODE_BLOCK.search(answer)
    try:
        return json.loads(block[1] if block else answer) in [json.loads(text) for text in accepted]
    except ValueError:
        return False
