"""The questions: generated, the same each time, each with what counts as a right answer."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ops.evaluation import judges
from ops.evaluation.facts import CAPITALS, GROUPS, PLAIN_FACTS

NAMES = ("Anna", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Henry", "Irene", "Jonas", "Karin", "Louis")
CITIES = ("Lyon", "Turin", "Porto", "Ghent", "Malmo", "Graz", "Leeds", "Bergen", "Gdansk", "Seville")
GOODS = ("chairs", "lamps", "books", "plates", "bottles", "blankets", "mirrors", "baskets")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LETTERS = "ABCD"

NUMBER_ONLY = "Answer with the number only."
WORD_ONLY = "Answer with one word only."


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question.

    Attributes:
        id: Its kind and its number, such as `sorting-07`.
        prompt: What the model is asked.
        accepted: The right answer, or several of which each is right; of a list, its items.
        judge: Whether an answer is right.
    """

    id: str
    prompt: str
    accepted: Sequence[str]
    judge: judges.Judge

    @property
    def kind(self) -> str:
        """What is asked for, such as `sorting`."""
        return self.id.rpartition("-")[0]

    def is_right(self, answer: str) -> bool:
        """Return whether an answer is right."""
        return self.judge(answer, self.accepted)


Draft = tuple[str, Sequence[str], judges.Judge]
"""Prompt, what is accepted, and the judge."""


def _arithmetic(chance: random.Random, number: int) -> Draft:
    a, b, c = chance.randint(112, 989), chance.randint(112, 989), chance.randint(3, 9)
    small, other = chance.randint(12, 49), chance.randint(12, 29)
    text, result = [
        (f"{a} + {b}", a + b),
        (f"{max(a, b)} - {min(a, b)}", abs(a - b)),
        (f"{small} * {c}", small * c),
        (f"{small} * {other}", small * other),
        (f"{small * c} / {c}", small),
    ][number % 5]
    return f"What is {text}? {NUMBER_ONLY}", [str(result)], judges.last_number


def _reasoning(chance: random.Random, number: int) -> Draft:
    first, second, third = chance.sample(NAMES, 3)
    boxes, size, away = chance.randint(3, 9), chance.randint(6, 15), chance.randint(5, 17)
    day, later = chance.randrange(7), chance.randint(9, 40)
    start, step = chance.randint(3, 30), chance.randint(4, 13)
    sequence = ", ".join(str(start + step * index) for index in range(5))
    taller = [f"{first} is taller than {second}.", f"{second} is taller than {third}."]
    chance.shuffle(taller)
    word, shortest = chance.choice([("tallest", first), ("shortest", third)])
    return [
        (
            f"{first} buys {boxes} boxes of {size} pens each and gives {away} pens away. How many pens are left? "
            + NUMBER_ONLY,
            [str(boxes * size - away)],
            judges.last_number,
        ),
        (f"{' '.join(taller)} Who is the {word} of the three? Answer with the name only.", [shortest], judges.mentions),
        (
            f"Today is {WEEKDAYS[day]}. Which day of the week is it in {later} days? {WORD_ONLY}",
            [WEEKDAYS[(day + later) % 7]],
            judges.mentions,
        ),
        (f"Which number comes next: {sequence}? {NUMBER_ONLY}", [str(start + step * 5)], judges.last_number),
    ][number % 4]


def _sorting(chance: random.Random, number: int) -> Draft:
    numbers = chance.sample(range(10, 1000), 5 + number % 4)
    words = chance.sample(sorted(word for group in GROUPS.values() for word in group), 4 + number % 4)
    only = "Answer with the sorted list only, separated by commas."
    return [
        (f"Sort from smallest to largest: {_commas(numbers)}. {only}", _texts(sorted(numbers)), judges.listed),
        (f"Sort in alphabetical order: {_commas(words)}. {only}", sorted(words), judges.listed),
        (
            f"Sort from largest to smallest: {_commas(numbers)}. {only}",
            _texts(sorted(numbers, reverse=True)),
            judges.listed,
        ),
    ][number % 3]


def _facts(_: random.Random, number: int) -> Draft:
    if number < len(PLAIN_FACTS):
        prompt, accepted = list(PLAIN_FACTS.items())[number]
        return f"{prompt} Answer in a few words.", accepted, judges.mentions
    country, capital = list(CAPITALS.items())[number - len(PLAIN_FACTS)]
    return f"What is the capital of {country}? Answer with its name only.", [capital], judges.mentions


def _extraction(chance: random.Random, number: int) -> Draft:
    buyer, clerk = chance.sample(NAMES, 2)
    home, shop = chance.sample(CITIES, 2)
    goods, other = chance.sample(GOODS, 2)
    count, more, price = chance.randint(2, 40), chance.randint(2, 40), chance.randint(100, 2_000)
    order = f"{chance.choice('KLMN')}{chance.randint(1000, 9999)}"
    ordered = date(2023, 1, 1) + timedelta(days=chance.randrange(700))
    text = (
        f"On {ordered:%d %B %Y}, {buyer} from {home} ordered {count} {goods} and {more} {other} from a shop in {shop}. "
        f"{clerk}, who works there, entered it as order {order} and sent a bill of {price} euros. "
        f"Delivery takes {chance.randint(2, 9)} days."
    )
    question, answer = [
        ("What is the order's number?", order),
        (f"How many {goods} were ordered?", str(count)),
        ("Who entered the order?", clerk),
        ("In which city is the shop?", shop),
        ("How many euros is the bill?", str(price)),
        ("In which city does the buyer live?", home),
        ("In which month was it ordered?", f"{ordered:%B}"),
    ][number % 7]
    return f"{text}\n\n{question} Answer with that only.", [answer], judges.mentions


def _choice(chance: random.Random, number: int) -> Draft:
    if number % 2:
        country, *others = chance.sample(list(CAPITALS), 4)
        question = f"Which city is the capital of {country}?"
        right, wrong = CAPITALS[country], [CAPITALS[other] for other in others]
    else:
        group, *others = chance.sample(list(GROUPS), 4)
        question = f"Which of these words names {group}?"
        right, wrong = chance.choice(GROUPS[group]), [chance.choice(GROUPS[other]) for other in others]
    options = [right, *wrong]
    chance.shuffle(options)
    lines = "\n".join(f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=True))
    return f"{question}\n{lines}\nAnswer with the letter only.", [LETTERS[options.index(right)]], judges.letter


def _format(chance: random.Random, number: int) -> Draft:
    words = chance.sample(sorted(word for group in GROUPS.values() for word in group), 3)
    times, day = chance.randint(3, 6), date(2000, 1, 1) + timedelta(days=chance.randrange(9000))
    task, answer = [
        (f"Write the word {words[0]} in capital letters", words[0].upper()),
        (f"Write the word {words[0]} {times} times, with one space in between", " ".join(words[:1] * times)),
        (
            f"Write the words {', '.join(words)} in this order, separated by semicolons without spaces",
            ";".join(words),
        ),
        (f"Write the date {day:%-d %B %Y} in the form YYYY-MM-DD", f"{day}"),
        (f"Write the letters of the word {words[0]}, separated by hyphens", "-".join(words[0])),
        (f"Write the word {words[0]} between square brackets", f"[{words[0]}]"),
    ][number % 6]
    return f"{task}. Write nothing else.", [answer], judges.exactly


def _json(chance: random.Random, number: int) -> Draft:
    name, city, count = chance.choice(NAMES), chance.choice(CITIES), chance.randint(18, 80)
    goods = chance.sample(GOODS, 2)
    sentence, keys, value = [
        (
            f"{name} is {count} years old and lives in {city}.",
            '"name" (text), "age" (number) and "city" (text)',
            {"name": name, "age": count, "city": city},
        ),
        (
            f"{name} ordered {goods[0]} and {goods[1]}, {count} pieces in all.",
            '"buyer" (text), "goods" (list of texts, in this order) and "pieces" (number)',
            {"buyer": name, "goods": goods, "pieces": count},
        ),
        (
            f"The flat in {city} has {count} square metres; it {'is' if count % 2 else 'is not'} furnished.",
            '"city" (text), "area" (number) and "furnished" (true or false)',
            {"city": city, "area": count, "furnished": count % 2 == 1},
        ),
    ][number % 3]
    prompt = f"{sentence}\n\nWrite this as a JSON object with the keys {keys}. Answer with the JSON only."
    return prompt, [json.dumps(value)], judges.json_object


def _texts(values: Sequence[object]) -> list[str]:
    return [str(value) for value in values]


def _commas(values: Sequence[object]) -> str:
    return ", ".join(_texts(values))


KINDS: dict[str, tuple[Callable[[random.Random, int], Draft], int]] = {
    "arithmetic": (_arithmetic, 50),
    "reasoning": (_reasoning, 40),
    "sorting": (_sorting, 30),
    "facts": (_facts, len(PLAIN_FACTS) + len(CAPITALS)),
    "extraction": (_extraction, 42),
    "choice": (_choice, 40),
    "format": (_format, 36),
    "json": (_json, 30),
}
"""What makes a question of each kind, and how many there are."""


def questions() -> list[Question]:
    """Return all questions, kind by kind."""
    return list(_made())


def _made() -> Iterator[Question]:
    for kind, (draft, count) in KINDS.items():
        # each kind its own numbers, so that one more of a kind changes no other; no secret
        chance, prompts = random.Random(kind), set[str]()  # noqa: S311
        for number in range(count):
            prompt, accepted, judge = draft(chance, number)
            while prompt in prompts:
                prompt, accepted, judge = draft(chance, number)
            prompts.add(prompt)
            yield Question(id=f"{kind}-{number + 1:02}", prompt=prompt, accepted=accepted, judge=judge)


def digest(asked: Sequence[Question]) -> str:
    """Return a short text that differs where the questions do."""
    texts = [[question.id, question.prompt, list(question.accepted)] for question in asked]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
