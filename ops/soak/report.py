"""What a soak found, as Markdown tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ops.shared.percentiles import percentile
from ops.soak.clients import KINDS
from ops.soak.gateway import Sample

MIB = 1024 * 1024

MOST_FINDINGS = 20
"""Findings that are kept word for word; the rest are counted."""


@dataclass
class Report:
    """Counts and figures of one run.

    Attributes:
        seconds: How long requests were sent.
        endings: Requests by kind and ending.
        events: What was done to engine and gateway.
        findings: What must not be, in words.
        broken: How many requests ended as they must not.
        documents: Lines of metrics that the gateways wrote.
        gateway_milliseconds: The gateway's own time of each request that tells it.
        baseline: The first gateway before the first request.
        samples: The last gateway's, from its start to the end.
        rest: The last gateway after the last request, once it had time to come to rest.
    """

    seconds: float = 0.0
    endings: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    events: Counter[str] = field(default_factory=Counter[str])
    findings: list[str] = field(default_factory=list[str])
    broken: int = 0
    documents: int = 0
    gateway_milliseconds: list[float] = field(default_factory=list[float])
    baseline: Sample | None = None
    samples: Sequence[Sample] = ()
    rest: Sample | None = None

    def broke(self, finding: str) -> None:
        """Note what must not be."""
        self.broken += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def lines(self) -> Iterator[str]:
        """Yield both tables, then what was found."""
        yield from self._endings()
        yield ""
        yield from self._figures()
        yield ""
        yield from (f"- {finding}" for finding in self.findings)
        yield f"{self.endings.total():,} requests, {self.broken} findings"

    def _endings(self) -> Iterator[str]:
        columns = sorted({ending for _, ending in self.endings})
        yield f"| | {' | '.join(columns)} |"
        yield f"|---|{'---|' * len(columns)}"
        for kind in KINDS:
            cells = (f"{self.endings[kind, ending]:,}" if self.endings[kind, ending] else "" for ending in columns)
            yield f"| {kind} | {' | '.join(cells)} |"

    def _figures(self) -> Iterator[str]:
        yield "| | |"
        yield "|---|---|"
        yield f"| requests | {self.endings.total():,} in {self.seconds:.0f} s, {self._rate():.0f} a second |"
        for event, count in self.events.items():
            yield f"| {event} | {count} |"
        yield f"| lines of metrics | {self.documents:,} |"
        if self.gateway_milliseconds:
            yield f"| gateway's own time | {_percentiles(self.gateway_milliseconds)} ms |"
        if self.baseline and self.rest and self.samples:
            yield f"| event loop late | {_percentiles([1000 * s.lag_seconds for s in self.samples])} ms |"
            yield f"| memory, quarters of the last gateway's life | {self._memory()} MiB |"
            for name in ("descriptors", "tasks"):
                before, rest = getattr(self.baseline, name), getattr(self.rest, name)
                most = max(getattr(sample, name) for sample in self.samples)
                yield f"| {name} | {before} before, {most} at most, {rest} at rest |"

    def _rate(self) -> float:
        return self.endings.total() / self.seconds if self.seconds else 0.0

    def _memory(self) -> str:
        quarters = [self.samples[(len(self.samples) - 1) * quarter // 4] for quarter in range(1, 5)]
        return ", ".join(f"{sample.memory_bytes / MIB:.1f}" for sample in quarters)


def _percentiles(values: Sequence[float]) -> str:
    return f"p50 {percentile(values, 50):.2f}, p99 {percentile(values, 99):.2f}, at most {max(values):.0f}"
