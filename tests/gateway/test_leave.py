"""An interruption: a host with the real engine goes while requests are in flight and arrive, and none is lost."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.engine_fixtures import MODEL, Gateway, counting, stand_in_gateway
from support.leaving import NOTICE, Metadata, leave_script
from support.stack_json import Json, only

REQUESTS = 500
IN_FLIGHT = 24
REQUEST = {"prompt": "Hello", "max_tokens": 8}
PAUSE_SECONDS = 0.3
"""Of the real time, for what the load balancer waits between two checks."""


class TargetGroup:
    """A load balancer that checks health and picks hosts as the stack's target group is set to; `hosts` with models.

    Its time goes on by one interval with each round of checks, and what sleeps on the host (`sleep`, below) sleeps by
    the same time: so the order of events is the one of AWS, however busy the machine is.
    """

    def __init__(self, hosts: dict[Gateway, str], group: Json, clock: Path) -> None:
        self.hosts, self._check, self._clock = hosts, group["health_check"], clock
        self._failed = dict.fromkeys(hosts, 0)
        self._outstanding = dict.fromkeys(hosts, 0)
        clock.write_text("0")

    async def check(self, client: httpx.AsyncClient) -> None:
        for rounds in itertools.count(1):
            await asyncio.sleep(PAUSE_SECONDS)
            for host in self.hosts:
                try:
                    healthy = (await client.get(host.url + self._check["path"])).status_code == 200
                except httpx.TransportError:
                    healthy = False
                self._failed[host] = 0 if healthy else self._failed[host] + 1
            self._clock.write_text(str(rounds * self._check["interval"]))

    async def send(self, client: httpx.AsyncClient) -> tuple[Gateway, httpx.Response]:
        healthy = [host for host in self.hosts if self._failed[host] < self._check["unhealthy_threshold"]]
        host = min(healthy, key=lambda host: self._outstanding[host])
        self._outstanding[host] += 1
        try:
            request = {"model": self.hosts[host], **REQUEST}
            return host, await client.post(f"{host.url}/v1/completions", json=request)
        finally:
            self._outstanding[host] -= 1


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    service = Metadata()
    yield service
    service.close()


async def _answers(group: TargetGroup, leaving: Gateway, metadata: Metadata) -> list[tuple[Gateway, httpx.Response]]:
    """What is answered until the host is gone, and REQUESTS at least."""
    answers: list[tuple[Gateway, httpx.Response]] = []

    async def work(client: httpx.AsyncClient) -> None:
        while len(answers) < REQUESTS or leaving.process.poll() is None:
            answers.append(await group.send(client))
            if len(answers) == REQUESTS // 4:
                metadata.values[NOTICE] = '{"action": "terminate", "time": "2026-11-25T20:00:00Z"}'

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        checking = asyncio.create_task(group.check(client))
        await asyncio.gather(*(work(client) for _ in range(IN_FLIGHT)))
        checking.cancel()
    return answers


@pytest.mark.req("R3.5")
def test_no_request_is_lost_when_spot_takes_a_host_back(
    mortal_gateway: Gateway, metadata: Metadata, synthesized: dict[str, Json], tmp_path: Path
) -> None:
    clock, pid = tmp_path / "clock", mortal_gateway.process.pid
    target_group = only(synthesized["inference-prod"], "aws_lb_target_group")
    interval = target_group["health_check"]["interval"]
    commands = {
        "docker": f"kill -USR1 {pid}",
        "systemctl": f"kill -TERM {pid}",
        # whole rounds of checks by the load balancer's time, what is left of LEAVE_SECONDS by the real one
        "sleep": f"""
            [ $1 = 5 ] && exec /bin/sleep 0.1
            end=$(( $(cat {clock}) + $1 / {interval} * {interval} ))
            until [ $(cat {clock}) -ge $end ]; do /bin/sleep 0.02; done
            /bin/sleep $(( $1 % {interval} ))
        """,
    }
    with stand_in_gateway(tmp_path) as other, leave_script(tmp_path / "bin", metadata, commands) as script:
        group = TargetGroup({mortal_gateway: MODEL, other: "stand-in"}, target_group, clock)
        answers = asyncio.run(_answers(group, mortal_gateway, metadata))
        assert script.wait(timeout=60) == 0
    assert {response.status_code for _, response in answers} == {200}
    by_engine = [response for host, response in answers if host is mortal_gateway]
    assert {response.json()["choices"][0]["text"] for response in by_engine} == {counting(0, 8)}
    assert mortal_gateway.process.returncode == 0
    print(f"{len(answers)} answers, {len(by_engine)} by the host that left")
