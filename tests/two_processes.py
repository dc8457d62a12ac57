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
from processes import Failure, Orchestrator, Simulator, until

CONFERENCES = 10
CALLERS = 5


def run(program, logs):
    """One run; returns the report."""
    serve = Orchestrator(program, logs)
    with Simulator(program, logs, serve.webhook_url) as simulator:
        serve.configure(simulator.base_url, simulator.ready()["public_key"])
        with serve:
            serve.ready()
            for room in range(CONFERENCES):
                simulator.ring(f"+1555010{room:04}", CALLERS)
            report = simulator.report_when_over(CONFERENCES * CALLERS, seconds=90)
            until(
                lambda: not any(serve.memory().values()),
                lambda: f"the end of everything in memory ({serve.memory()})",
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
        report = run(pathlib.Path(options.program).absolute(), pathlib.Path(options.logs).absolute())
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
