"""When a host leaves: what it asks the metadata service, and what it does then."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.boot_files import evaluated_boot_script, run_boot_script
from support.engine_fixtures import wait_for
from support.leaving import LIFECYCLE_STATE, NOTICE, REBALANCE, Metadata, leave_script
from support.stack_json import Json, only

CALLS = ["docker kill --signal USR1 inference", "sleep 65", "systemctl stop inference.service"]


class Host:
    """The script, and the commands that it called."""

    def __init__(self, metadata: Metadata, script: subprocess.Popen[bytes], calls: Path) -> None:
        self.metadata, self.script, self._calls = metadata, script, calls

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def ask_on(self) -> None:
        """Wait until the script has asked for everything once more."""
        before = self.metadata.asked
        wait_for(lambda: self.metadata.asked > before + 1, "the next questions")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    metadata, calls = Metadata(), tmp_path / "calls"
    note = f'echo "$(basename "$0") $*" >> {calls}'
    # between two questions it waits as long as a test has patience for
    sleep = f"[ $1 = 5 ] && exec /bin/sleep 0.05\n{note}"
    # docker fails, as it does where the gateway does not run
    commands = {"docker": f"{note}; exit 1", "systemctl": note, "sleep": sleep}
    with leave_script(tmp_path / "bin", metadata, commands) as script:
        yield Host(metadata, script, calls)
    metadata.close()


@pytest.mark.req("R3.5")
@pytest.mark.parametrize(
    ("path", "value"),
    [(NOTICE, '{"action": "terminate", "time": "2026-11-25T20:00:00Z"}'), (LIFECYCLE_STATE, "Terminated")],
)
def test_host_that_goes_lets_the_load_balancer_notice_before_it_stops(host: Host, path: str, value: str) -> None:
    host.ask_on()
    assert host.calls() == []
    host.metadata.values[path] = value
    assert host.script.wait(timeout=60) == 0
    assert host.calls() == CALLS


def test_host_stays_when_it_may_be_wanted_back(host: Host) -> None:
    host.metadata.values[REBALANCE] = '{"noticeTime": "2026-11-25T20:00:00Z"}'
    host.ask_on()
    assert host.calls() == []


def test_host_stays_while_the_metadata_service_does_not_answer(host: Host) -> None:
    host.ask_on()
    host.metadata.close()
    with pytest.raises(subprocess.TimeoutExpired):
        host.script.wait(timeout=0.5)
    assert host.calls() == []


@pytest.mark.req("R3.5", "R7.4")
def test_host_waits_longer_than_the_load_balancer_takes_to_notice(inference: Json, tmp_path: Path) -> None:
    check = only(inference, "aws_lb_target_group")["health_check"]
    host = (run_boot_script(evaluated_boot_script(inference), tmp_path) / "etc/inference/host.env").read_text()
    (seconds,) = [int(line.removeprefix("LEAVE_SECONDS=")) for line in host.splitlines() if "LEAVE" in line]
    notices = check["interval"] * check["unhealthy_threshold"] + check["timeout"]
    # Spot's two minutes are enough for this and for the deadline of 30 s with its drain
    assert notices <= seconds <= 120 - 35
