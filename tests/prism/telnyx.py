"""Calls and commands of `cordboard serve` on their way through prism to `cordboard simulate`. Started by `run`.

    serve -> recorder -> prism (validates requests and answers) -> simulate

First some callers meet in conferences, then every command of the catalogue is issued once through the operator door,
then callers of every scenario ring (`scenarios`).
Prism must object to nothing, and every command must have reached it.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import check_report  # noqa: E402
import scenarios  # noqa: E402
from oracle import Prism, Templates, judge  # noqa: E402
from processes import Failure, Orchestrator, Simulator, request, until  # noqa: E402
from recorder import Recorder  # noqa: E402
from stage import Stage  # noqa: E402

CONFERENCES = 4
CALLERS = 5
# Paths of the description that are voice; messages, and queues apart from calls, are not what a call needs.
VOICE = re.compile(r"^/(calls|conferences|connections)\b")


def prove_the_oracle(recorder):
    """A wrong request must be objected to; an oracle that says yes to everything proves nothing."""
    request("POST", f"{recorder.base_url}/calls/x/actions/speak", {}, {"authorization": "Bearer x"})
    if not recorder.violations():
        raise Failure("prism did not object to a speak without a text")
    recorder.exchanges.clear()


def run_calls(simulator):
    """Callers meet in conferences, all commands through prism; returns objections to the report."""
    for room in range(CONFERENCES):
        simulator.ring(f"+1555010{room:04}", CALLERS)
    report = simulator.report_when_over(CONFERENCES * CALLERS, seconds=120)
    print(f"check: prism: {check_report.summary(report)}")
    return check_report.objections(report, "calm", CONFERENCES, CALLERS, foreign=True)


def issue_everything(stage, serve, recorder):
    """Issues every command of the catalogue once; returns those that caused no request."""
    silent, kinds = [], collections.Counter()
    for index in range(len(stage.commands)):
        if not stage.stands():
            stage.open()
        command = stage.commands[index]
        name = json.dumps(command)[:120]
        before = len(recorder.exchanges)
        status, _, body = request("POST", f"{serve.operator}/api/v1/{stage.owner(command)}/commands", command)
        if status != 202:
            silent.append(f"the operator door answered {status} {body} to {name}")
            continue
        until(
            lambda: serve.memory()["unsettled"] == 0,
            lambda: f"the settlement of {name} ({serve.memory()})",
            seconds=60,
        )
        answers = recorder.exchanges[before:]
        kinds.update(str(exchange.status) for exchange in answers)
        if not answers:
            silent.append(f"no request came of {name}")
    print(f"check: prism: {len(stage.commands)} commands issued on {stage.shows} stages, answers {dict(kinds)}")
    return silent


def run(options, logs):
    """The whole run; returns objections."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    with Simulator(program, logs, serve.webhook_url) as simulator:
        health = simulator.ready()
        with Prism(options.prism, description, simulator.base_url, logs) as prism:
            prism.ready()
            recorder = Recorder(prism.port)
            prove_the_oracle(recorder)
            serve.configure(recorder.base_url, health["public_key"])
            with serve:
                serve.ready()
                wrong = run_calls(simulator)
                stage = Stage(program, simulator, serve, health["connection_id"])
                wrong += issue_everything(stage, serve, recorder)
            wrong += judge(recorder, Templates(description, VOICE), "voice")
    return wrong + scenarios.run(options, logs / "scenarios", health["public_key"])


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("program", "prism", "description", "logs"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    try:
        wrong = run(options, pathlib.Path(options.logs).absolute())
    except Failure as failure:
        wrong = [failure]
    for objection in wrong:
        print(f"check: prism: {objection}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
