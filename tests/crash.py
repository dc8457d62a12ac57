#!/usr/bin/env python3
"""Kills `cordboard serve` every few seconds while callers are on the line, and starts it again over its journal.

    tests/crash.py --program target/release/cordboard --logs target/run/crash [--chaos bad-day] [--conferences 30]

The simulated carrier judges: nobody lost, nothing done twice, nothing left behind at the carrier; afterwards the last
orchestrator must have nothing left in memory. A run in which fewer kills hit than asked for proves nothing and fails.
"""

import argparse
import json
import pathlib
import sys
import time

import check_report
from processes import Failure, Orchestrator, Simulator, until

CALLERS = 5
# From one kill to the next. Long enough to take webhooks in, short enough to hit every step of a call.
KILL_EVERY_SECS = 3
LEAST_KILLS = 5


def run(options):
    """One run; returns the report and how many kills hit."""
    logs = pathlib.Path(options.logs).absolute()
    program = pathlib.Path(options.program).absolute()
    serve = Orchestrator(program, logs)
    callers = ["--conferences", str(options.conferences), "--callers", str(CALLERS), "--hold", "12"]
    callers += ["--chaos", options.chaos, "--seed", str(options.seed), "--json"]
    kills = 0
    with Simulator(program, logs, serve.webhook_url, callers) as simulator:
        serve.configure(simulator.base_url, simulator.ready()["public_key"])
        serve.__enter__()
        try:
            while simulator.process.poll() is None:
                time.sleep(KILL_EVERY_SECS)
                # Towards the end there is nobody left to disturb; the aftermath needs somebody who is there.
                if kills < options.kills:
                    serve.process.kill()
                    serve.process.wait()
                    kills += 1
                    serve.__enter__()
            serve.ready()
            until(
                lambda: not any(serve.memory().values()),
                lambda: f"the end of everything in memory ({serve.memory()})",
                seconds=60,
            )
        finally:
            serve.stop()
        report = json.loads(simulator.path("out").read_text(encoding="utf-8"))
    return report, kills


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    parser.add_argument("--chaos", default="bad-day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conferences", type=int, default=30)
    parser.add_argument("--kills", type=int, default=12)
    options = parser.parse_args()
    try:
        report, kills = run(options)
    except Failure as failure:
        print(f"check: {failure}")
        return 1
    wrong = check_report.objections(report, options.chaos, options.conferences, CALLERS, foreign=True)
    if kills < LEAST_KILLS:
        wrong.append(f"only {kills} kills hit")
    for objection in wrong:
        print(f"check: crash: {objection}")
    if not wrong:
        print(f"check: crash: {kills} kills; {check_report.summary(report)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
