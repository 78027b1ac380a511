"""The packages import each other along the arrows of the picture in docs/contributing.md, and no other way."""

import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from itertools import pairwise

import grimp
import pytest

from support.paths import ROOT

ROOMS = {"inference_constructs", "ops"}
"""Packages whose packages are drawn one by one."""

FREE = {"runtime", "stacks", "ops.bench", "ops.deployment", "ops.engine", "ops.maintain", "ops.shared", "ops.soak"}
"""Their modules are programs, or are imported one by one."""

Arrows = dict[str, set[str]]


@cache
def code() -> grimp.ImportGraph:
    return grimp.build_graph("inference_constructs", "ops", "runtime", "stacks", cache_dir=None)


def imports() -> set[tuple[str, str]]:
    """Every import, by modules."""
    return {(one, other) for one in code().modules for other in code().find_modules_directly_imported_by(one)}


def room(module: str) -> str:
    """The package of a module, as the picture names it; a command's is `ops`."""
    first, *rest = module.split(".")
    inner = ".".join([first, *rest[:1]])
    drawn_alone = first in ROOMS and code().find_children(inner)
    return (inner if drawn_alone else first).removeprefix("inference_constructs.")


def drawn(text: str) -> Arrows:
    """The arrows of a mermaid graph: lines such as `a & b --> c & d`."""
    arrows: Arrows = {}
    for line in re.findall(r"^    ([\w. &]+-->[\w. &>-]+)$", text, re.MULTILINE):
        groups = [set(group.split(" & ")) for group in line.split(" --> ")]
        for begins, ends in pairwise(groups):
            for begin in begins:
                arrows.setdefault(begin, set()).update(ends)
    return arrows


def reach(arrows: Arrows, start: str) -> set[str]:
    """What one gets to from `start`."""
    near = arrows.get(start, set())
    return near.union(*(reach(arrows, one) for one in near))


def between_rooms() -> Arrows:
    arrows: Arrows = {}
    for one, other in imports():
        # the whole of it publishes what its packages do
        if room(one) != room(other) and "inference_constructs" not in (one, other):
            arrows.setdefault(room(one), set()).add(room(other))
    return arrows


def refuse_circle(arrows: Arrows) -> None:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_no_package_imports_itself_by_way_of_another() -> None:
    refuse_circle(between_rooms())


def test_no_module_imports_itself_by_way_of_another() -> None:
    refuse_circle({one: set(code().find_modules_directly_imported_by(one)) for one in code().modules})


def test_every_import_goes_along_the_arrows_of_the_picture() -> None:
    picture = drawn((ROOT / "docs/contributing.md").read_text())
    astray = {f"{begin} --> {end}" for begin, ends in between_rooms().items() for end in ends - reach(picture, begin)}
    assert astray == set()


def test_no_arrow_of_the_picture_is_without_an_import_or_said_by_others() -> None:
    picture, real = drawn((ROOT / "docs/contributing.md").read_text()), between_rooms()
    too_many = {
        f"{begin} --> {end}"
        for begin, ends in picture.items()
        for end in ends
        if end not in real.get(begin, set()) or any(end in reach(picture, other) for other in ends - {end})
    }
    assert too_many == set()


def test_a_package_takes_only_what_another_publishes() -> None:
    inner: set[str] = set()
    for one, other in imports():
        package, _, module = other.rpartition(".")
        if room(one) != room(other) and package not in {"", *FREE} | ROOMS:
            inner |= set() if module in import_module(package).__all__ else {f"{one} --> {other}"}
    assert inner == set()
