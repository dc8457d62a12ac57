#!/usr/bin/env python3
"""`cordboard serve` and `cordboard simulate` as two processes that know only each other's addresses.

    tests/two_processes.py --program target/release/cordboard --logs target/run/two-processes

Callers ring several numbers; the report of the simulated carrier must be in order, the orchestrator must keep nothing
of ended calls, and must end by itself when asked to.
"""

import argparse
import pathlib
import sys

import check_report
from processes import Failure, Program, Simulator, free_port, request, until

CONFERENCES = 10
CALLERS = 5
API_KEY = "KEY-of-the-simulated-carrier"

CONFIG = """\
[server]
listen = "127.0.0.1:{carrier}"
shutdown_notice = "0s"

[operator]
listen = "127.0.0.1:{operator}"

[telnyx]
base_url = "{base_url}"
api_key = "{api_key}"
public_key = "{public_key}"

[[route]]
room = "called-number"
"""


def memory(operator):
    """What the orchestrator still has in memory: actors, timers, index entries, unsettled commands."""
    status, _, body = request("GET", f"http://127.0.0.1:{operator}/api/v1/status")
    if status != 200:
        raise Failure(f"the operator door answered {status} {body}")
    return body["memory"]


def run(program, logs):
    """One run; returns the report."""
    logs = pathlib.Path(logs).absolute()
    carrier, operator = free_port(), free_port()
    with Simulator(program, logs, f"http://127.0.0.1:{carrier}/webhooks/telnyx") as simulator:
        public_key = simulator.ready()["public_key"]
        config = logs / "cordboard.toml"
        config.write_text(
            CONFIG.format(
                carrier=carrier,
                operator=operator,
                base_url=simulator.base_url,
                api_key=API_KEY,
                public_key=public_key,
            )
        )
        with Program("serve", [program, "serve", "--config", config], logs) as serve:
            serve.wait_for(f"http://127.0.0.1:{operator}/readyz")
            for room in range(CONFERENCES):
                simulator.ring(f"+1555010{room:04}", CALLERS)
            report = simulator.report_when_over(CONFERENCES * CALLERS, seconds=90)
            until(
                lambda: not any(memory(operator).values()),
                lambda: f"the end of everything in memory ({memory(operator)})",
            )
            code = serve.stop()
            if code != 0:
                raise Failure(f"serve ended with {code} after SIGTERM")
    return report


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    try:
        report = run(pathlib.Path(options.program).absolute(), options.logs)
    except Failure as failure:
        print(f"check: {failure}")
        return 1
    # The orchestrator's own figures are not the simulator's to know.
    wrong = check_report.objections(report, "calm", CONFERENCES, CALLERS, foreign=True)
    for objection in wrong:
        print(f"check: two processes: {objection}")
    if not wrong:
        print(f"check: two processes: {check_report.summary(report)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
