#!/usr/bin/env python3
"""A foreign callback service over an old official SDK against `cordboard simulate`: ten digits, one text.

    tests/peers/flask_callback/drive.py --program target/release/cordboard --logs target/run/flask-callback

First callers whom such a program can serve: each gets exactly one text and is hung up. Then one who mistypes, whom it
forgets: the ledger must say so. Must run in a Python that has flask and telnyx 2.1.6.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import check_report  # noqa: E402
from processes import Failure, Program, Simulator, free_port  # noqa: E402

NUMBER = "+15550400002"
PHONES = [f"202555010{last}" for last in range(6)]
MISTYPED = "20255"
# Ten keys at the quickened pace take about two seconds; the carrier waits five for the first.
PATIENCE_MS = 15_000


def caller(phone, typed, **wishes):
    """The script of one caller who types something and waits for a text to a phone."""
    texts = {"number": f"+1{phone}", "digits": None, "least": 1, "most": 1}
    return {"presses": [f"{typed}#"], "texts": texts, "patience_ms": PATIENCE_MS} | wishes


def run(program, logs):
    """Both kinds of caller; returns objections."""
    port = free_port()
    with Simulator(program, logs, f"http://127.0.0.1:{port}/webhook") as simulator:
        simulator.ready()
        serve = HERE.parent / "flask_conference" / "serve.py"
        arguments = [sys.executable, serve, HERE / "program.py", port, simulator.root]
        with Program("flask", arguments, logs) as flask:
            flask.wait_for(f"http://127.0.0.1:{port}/ready")
            for phone in PHONES:
                simulator.ring(NUMBER, **caller(phone, phone, goal=["texted", "dismissed"]))
            report = simulator.report_when_over(len(PHONES), seconds=60)
            print(f"check: {logs.name}: {check_report.summary(report)}")
            wrong = check_report.objections(report, "calm", callers=len(PHONES), foreign=True)
            if report["messages"]["delivered"] != len(PHONES):
                wrong.append(f"{len(PHONES)} callers should get one text each, not {report['messages']}")
            simulator.ring(NUMBER, **caller("2025550190", MISTYPED, goal=["dismissed", "texted"]))
            report = simulator.report_when_over(len(PHONES) + 1, seconds=60)
            flask.must_run()
    print(f"check: {logs.name}: {check_report.summary(report)}")
    reasons = [failure["reason"] for failure in report["failures"]]
    if reasons != ["left on the line, nobody ended the call"]:
        wrong.append(f"who mistypes should be left on the line, not {report['calls']} {reasons}")
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
        print(f"check: flask-callback: {objection}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
