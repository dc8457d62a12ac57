#!/usr/bin/env python3
"""A foreign call centre over the second carrier's SDK against `cordboard simulate` and `load`: three digits, one text.

    tests/peers/flask_twilio_menu/drive.py --program target/release/cordboard --logs target/run/flask-twilio-menu

First callers whom such a program can serve: each gets exactly one text, or at least a goodbye. Then callers whom it
forgets: who presses wrong keys, cannot be texted, or wants to hear that the choice was understood. Then people who only
text. Must run in a Python that has flask and twilio.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import check_report  # noqa: E402
from processes import Failure, Program, Simulator, environment, free_port, until  # noqa: E402

NUMBER = "+15550400003"
PHONE = "+1202555010{}"
LANDLINE, OPTED_OUT, WITHHELD, HASTY, LOST = "+12025550110", "+12025550111", "anonymous", "+12025550112", "+12025550113"
PATIENCE_MS = 15_000
# For callers who get nothing: longer than it took the others.
SHORT_PATIENCE_MS = 5_000
TEXTERS, TEXTS_PER_SEC = 20, 10

ON_THE_LINE = "left on the line, nobody ended the call"
NO_TEXT = "never got the text"
NOT_HEARD = "hung up by the program before the goal"


def caller(phone, presses, goal=("texted", "dismissed"), **wishes):
    """The script of one caller: which keys, and usually one text to the phone that rings."""
    texts = {"number": phone, "digits": None, "least": 1, "most": 1}
    return {"from": phone, "presses": presses, "goal": list(goal), "texts": texts, "patience_ms": PATIENCE_MS} | wishes


def served(simulator):
    """Rings with callers whom the program serves; returns how many, and how many texts they get."""
    choices = [["1"], ["2"], ["3"], ["1"], ["2"], ["3"], ["9", "1"], ["0", "7", "3"]]
    for last, presses in enumerate(choices):
        simulator.ring(NUMBER, **caller(PHONE.format(last), presses))
    goodbye = [{"hears": "we have not received a response. Goodbye"}, "dismissed"]
    simulator.ring(NUMBER, presses=[], goal=goodbye, patience_ms=PATIENCE_MS)
    return len(choices) + 1, len(choices)


def forgotten(simulator):
    """Rings with callers whom the program forgets; returns what the ledger must say of them."""
    simulator.set_phone(LANDLINE, "landline")
    before = simulator.report()["webhooks"]["acked"]
    simulator.text(OPTED_OUT, NUMBER, "STOP")
    until(lambda: simulator.report()["webhooks"]["acked"] > before, lambda: "the text STOP")
    short = {"patience_ms": SHORT_PATIENCE_MS}
    simulator.ring(NUMBER, **caller(LOST, ["9"], ["dismissed"], **short, texts=None))
    for phone in (LANDLINE, OPTED_OUT, WITHHELD):
        simulator.ring(NUMBER, **caller(phone, ["1"], **short))
    understood = [{"hears": "text message"}]
    simulator.ring(NUMBER, **caller(HASTY, ["2"], understood, **short, texts=None))
    return collections.Counter({ON_THE_LINE: 1, NO_TEXT: 3, NOT_HEARD: 1})


def calls(simulator, logs):
    """Both kinds of caller; returns objections."""
    started, texts = served(simulator)
    report = simulator.report_when_over(started, seconds=60)
    print(f"check: {logs.name}: {check_report.summary(report)}")
    wrong = check_report.objections(report, "calm", callers=started, foreign=True)
    if report["messages"]["delivered"] != texts:
        wrong.append(f"{texts} callers should get one text each, not {report['messages']}")
    expected = forgotten(simulator)
    report = simulator.report_when_over(started + expected.total(), seconds=60)
    print(f"check: {logs.name}: {check_report.summary(report)}")
    reasons = collections.Counter(failure["reason"] for failure in report["failures"])
    if report["calls"]["lost"] != expected.total() or reasons != expected:
        wrong.append(f"the ledger should say {dict(expected)}, not {report['calls']} {dict(reasons)}")
    # The carrier refuses to text who said STOP and who has no number: for the program that is an error of its own.
    if report["webhooks"]["rejected"] != 2:
        wrong.append(f"two refused texts should be two failed webhooks, not {report['webhooks']}")
    return wrong


def texters(program, logs, root):
    """People who text, by `load --scenario sms`: one reply each, and none after STOP, which the carrier sees to."""
    arguments = [program, "load", "--carrier", "twilio", "--scenario", "sms", "--target", f"{root}/message"]
    arguments += ["--calls", TEXTERS, "--rate", TEXTS_PER_SEC, "--json"]
    done = subprocess.run(
        [str(part) for part in arguments], cwd=logs, env=environment(), capture_output=True, timeout=120, check=False
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise Failure(f"load ended with {done.returncode}: {done.stderr.decode()[-2000:]}") from None
    print(f"check: {logs.name}: {check_report.summary(report)}")
    wrong = check_report.objections(report, "calm", callers=TEXTERS, foreign=True)
    return wrong or ([f"load exited with {done.returncode} although all went well"] if done.returncode else [])


def run(program, logs):
    """Callers and texters; returns objections."""
    root = f"http://127.0.0.1:{(port := free_port())}"
    with Simulator(program, logs, f"{root}/answer", ["--carrier", "twilio"]) as simulator:
        account = simulator.ready()["twilio"]
        variables = {"PORT": str(port), "ACCOUNT_SID": account["account"], "AUTH_TOKEN": account["token"]}
        variables["API_ROOT"] = simulator.root
        with Program("flask", [sys.executable, HERE / "program.py"], logs, variables) as flask:
            flask.wait_for(f"{root}/ready")
            wrong = calls(simulator, logs) + texters(program, logs, root)
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
        print(f"check: flask-twilio-menu: {objection}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
