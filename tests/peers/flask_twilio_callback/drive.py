#!/usr/bin/env python3
"""A foreign callback service over the second carrier's SDK against `cordboard simulate`: ten digits, one text.

    tests/peers/flask_twilio_callback/drive.py --program target/release/cordboard --logs target/run/flask-twilio-callback

First callers whom such a program can serve: one after the other, and at most two of them mistype. Then callers whom it
forgets: who says nothing, who rings at the same time as others, and, from the third wrong entry of anybody on, everyone.
Must run in a Python that has flask and twilio.
"""

import argparse
import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import check_report  # noqa: E402
from processes import Failure, Program, Simulator, free_port, until  # noqa: E402

NUMBER = "+15550400002"
MISTYPED = "20255#"
# Ten keys at the quickened pace take about two seconds.
PATIENCE_MS = 15_000
# For callers who get nothing: longer than it took the others.
SHORT_PATIENCE_MS = 5_000
AT_ONCE = 4

NO_TEXT = "never got the text"
TOO_MANY = "got more texts than wanted"
CUT_SHORT = "hung up by the program before the goal"


def phone(number):
    """The ten digits of one caller."""
    return f"20255501{number:02}"


def caller(number, typed, **wishes):
    """The script of one caller who types something and waits for one text."""
    texts = {"number": f"+1{number}", "digits": None, "least": 1, "most": 1}
    return {"presses": typed, "texts": texts, "goal": ["texted", "dismissed"], "patience_ms": PATIENCE_MS} | wishes


def losses(report):
    """How often the ledger gives which reason."""
    return collections.Counter(failure["reason"] for failure in report["failures"])


def one_by_one(simulator, flask, logs):
    """Callers whom the program serves; returns how many there were, and objections."""
    typed = [[phone(0)], [f"{phone(1)}#"], [MISTYPED, phone(2)], [MISTYPED, phone(3)]]
    for number, keys in enumerate(typed):
        simulator.ring(NUMBER, **caller(phone(number), keys))
        report = simulator.report_when_over(number + 1, seconds=60)
    print(f"check: {logs.name}: {check_report.summary(report)}")
    wrong = check_report.objections(report, "calm", callers=len(typed), foreign=True)
    if report["messages"]["delivered"] != len(typed):
        wrong.append(f"{len(typed)} callers should get one text each, not {report['messages']}")

    def told():
        return flask.path("err").read_text(encoding="utf-8").count("is delivered") == len(typed)

    until(told, lambda: f"{len(typed)} deliveries in the program's log")
    return len(typed), wrong


def all_at_once(simulator, logs, started):
    """Callers whose numbers the program mixes up, and one who says nothing; returns how many, and objections."""
    for number in range(AT_ONCE):
        wishes = {"patience_ms": SHORT_PATIENCE_MS}
        simulator.ring(NUMBER, **caller(phone(10 + number), [phone(10 + number)], **wishes))
    goodbye = [{"hears": "goodbye"}, "dismissed"]
    simulator.ring(NUMBER, presses=[], goal=goodbye, patience_ms=PATIENCE_MS)
    report = simulator.report_when_over(started + AT_ONCE + 1, seconds=60)
    print(f"check: {logs.name}: {check_report.summary(report)}")
    reasons, wrong = losses(report), []
    if reasons.pop(CUT_SHORT, 0) != 1:
        wrong.append(f"who says nothing should be cut off without a word, not {report['failures']}")
    # How many are mixed up depends on threads, but not that somebody gets the text of somebody else.
    if not (reasons[NO_TEXT] and reasons[TOO_MANY] and report["messages"]["duplicates"]) or len(reasons) > 2:
        wrong.append(f"callers at once should get each other's texts, not {report['messages']} {dict(reasons)}")
    return AT_ONCE + 1, wrong


def after_three_mistakes(simulator, logs, started):
    """The third wrong entry, and callers after it; returns objections."""
    lost, texted = simulator.report()["calls"]["lost"], simulator.report()["messages"]["sent"]
    short = {"patience_ms": SHORT_PATIENCE_MS}
    before = losses(simulator.report())
    agent = {"goal": [{"bridged": "*"}], "texts": None} | short
    simulator.ring(NUMBER, **caller(phone(20), [MISTYPED, phone(20)], **agent))
    simulator.report_when_over(started + 1, seconds=60)
    simulator.ring(NUMBER, **caller(phone(21), [phone(21)], **short))
    simulator.ring(NUMBER, **caller(phone(22), [phone(22)], **agent))
    report = simulator.report_when_over(started + 3, seconds=60)
    print(f"check: {logs.name}: {check_report.summary(report)}")
    expected = collections.Counter({CUT_SHORT: 2, NO_TEXT: 1})
    wrong = []
    if report["calls"]["lost"] != lost + 3 or losses(report) - before != expected:
        wrong.append(f"after three mistakes of anybody everybody should be lost, not {report['failures']}")
    if report["messages"]["sent"] != texted:
        wrong.append(f"after three mistakes of anybody nobody should get a text, not {report['messages']}")
    return wrong


def run(program, logs):
    """All kinds of caller; returns objections."""
    root = f"http://127.0.0.1:{(port := free_port())}"
    with Simulator(program, logs, f"{root}/answer", ["--carrier", "twilio"]) as simulator:
        account = simulator.ready()["twilio"]
        variables = {"PORT": str(port), "ACCOUNT_SID": account["account"], "TWILIO_AUTH_TOKEN": account["token"]}
        variables["API_ROOT"] = simulator.root
        with Program("flask", [sys.executable, HERE / "program.py"], logs, variables) as flask:
            flask.wait_for(f"{root}/ready")
            served, wrong = one_by_one(simulator, flask, logs)
            mixed, objections = all_at_once(simulator, logs, served)
            wrong += objections + after_three_mistakes(simulator, logs, served + mixed)
            flask.must_run()
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
        print(f"check: flask-twilio-callback: {objection}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
