#!/usr/bin/env python3
"""A foreign contact centre over plain HTTP against `cordboard simulate`: callers choose departments by a key.

    tests/peers/flask_ivr/drive.py --program target/release/cordboard --logs target/run/flask-ivr

First callers whom such a program can serve: all of them must reach sales. Then callers whom it forgets: their
department is engaged, and the ledger must say that they were left alone, not that all went well. Must run in a Python
that has flask and requests.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import check_report  # noqa: E402
from processes import API_KEY, Failure, Program, Simulator, free_port  # noqa: E402

NUMBER = "+15550400001"
SERVED, FORGOTTEN = 9, 3
# Long enough for a wrong key, a prompt and an agent who answers, short for a test.
PATIENCE_MS = 8_000


def run(program, logs):
    """Both kinds of caller; returns objections."""
    port = free_port()
    with Simulator(program, logs, f"http://127.0.0.1:{port}/webhook") as simulator:
        simulator.ready()
        variables = {"PORT": str(port), "TELNYX_API_KEY": API_KEY, "TELNYX_BASE_URL": simulator.base_url}
        with Program("flask", [sys.executable, HERE / "program.py"], logs, variables) as flask:
            flask.wait_for(f"http://127.0.0.1:{port}/ready")
            script = {"goal": [{"bridged": "sip:sales@*"}], "talk_ms": 1_000, "patience_ms": PATIENCE_MS}
            simulator.ring(NUMBER, SERVED - 3, presses=["1"], **script)
            simulator.ring(NUMBER, 3, presses=["9", "1"], **script)
            report = simulator.report_when_over(SERVED, seconds=60)
            print(f"check: {logs.name}: {check_report.summary(report)}")
            wrong = check_report.objections(report, "calm", callers=SERVED, foreign=True)
            looked_after = {"either": [{"bridged": "*"}, "recorded", "dismissed"]}
            simulator.ring(NUMBER, FORGOTTEN, presses=["2"], goal=[looked_after], patience_ms=PATIENCE_MS)
            report = simulator.report_when_over(SERVED + FORGOTTEN, seconds=60)
            flask.must_run()
    print(f"check: {logs.name}: {check_report.summary(report)}")
    reasons = [failure["reason"] for failure in report["failures"]]
    if report["calls"]["lost"] != FORGOTTEN or set(reasons) != {"answered, but left alone"}:
        wrong.append(f"callers of an engaged department should be lost, not {report['calls']} {reasons}")
    return wrong


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    try:
        wrong = run(pathlib.Path(options.program).absolute(), pathlib.Path(options.logs).absolute())
    except Failure as failure:
        wrong = [str(failure)]
    for objection in wrong:
        print(f"check: flask-ivr: {objection}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
