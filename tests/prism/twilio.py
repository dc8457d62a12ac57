"""Texts and calls of `cordboard serve` over Twilio on their way through prism to `cordboard simulate`. Started by `run`.

    serve -> recorder -> prism (validates requests and answers) -> simulate

People text the number, an operator orders a text, `doctor` looks at the account, callers meet in conferences. Prism must
object to nothing.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import check_report  # noqa: E402
from oracle import Prism, Templates, judge  # noqa: E402
from processes import Failure, Orchestrator, Simulator, environment, request, until  # noqa: E402
from recorder import Recorder  # noqa: E402

NUMBER = "+15550400003"
CONFERENCES = 3
CALLERS = 3
ROOM = "+15550109999"
WANTED = re.compile(r"^/2010-04-01/Accounts/\{AccountSid\}/(Calls|Conferences|Messages|Queues)\b")
# The doctor alone asks for it; the description is a subset that has no numbers of the account.
OUTSIDE = "/IncomingPhoneNumbers.json"
UNDESCRIBED = {
    "location": ["response"],
    "severity": "Warning",
    "message": "Unable to match the returned status code with those defined in the document: 200",
}


def prove_the_oracle(recorder, account):
    """A wrong request must be objected to; an oracle that says yes to everything proves nothing."""
    path = f"/2010-04-01/Accounts/{account['account']}/Messages.json?PageSize=many"
    request("GET", recorder.base_url + path, headers={"authorization": "Basic eDp4"})
    if not recorder.violations():
        raise Failure("prism did not object to a page of `many` entries")
    recorder.exchanges.clear()


def texts(serve, simulator):
    """Two people text, one gets a text that an operator ordered."""
    simulator.text("+15550200001", NUMBER, "hours")
    simulator.text("+15550200002", NUMBER, "Is anybody there?")
    order = {"from": NUMBER, "to": "+15550200003", "text": "Your table is ready & waiting. ünïcödé"}
    status, _, body = request("POST", f"{serve.operator}/api/v1/messages", order)
    if status != 202:
        raise Failure(f"an order was answered {status} {body}")

    def delivered():
        number = request("GET", f"{serve.operator}/api/v1/messages")[2]["numbers"][0]
        return number if number["delivered"] == 3 else None

    number = until(delivered, lambda: "the delivery of three texts")
    print(f"check: prism: texts: {number['sent']} sent, {number['delivered']} delivered, {number['received']} received")


def calls(simulator):
    """Callers meet in conferences; returns objections to the report."""
    for room in range(CONFERENCES):
        simulator.ring(f"+1555010{room:04}", CALLERS)
    report = simulator.report_when_over(CONFERENCES * CALLERS, seconds=120)
    print(f"check: prism: {check_report.summary(report)}")
    return check_report.objections(report, "calm", CONFERENCES, CALLERS, foreign=True)


def operate(serve, simulator):
    """An operator silences, holds, addresses and puts out who is in a conference, and ends it."""
    simulator.ring(ROOM, CALLERS, talk_ms=600_000, patience_ms=600_000)

    def inside():
        rooms = request("GET", f"{serve.operator}/api/v1/conferences")[2]["conferences"]
        for room in rooms:
            name = room["name"]
            members = request("GET", f"{serve.operator}/api/v1/conferences/{name}")[2]["members"]
            if len(members) == CALLERS and all(member["stage"] == "in" for member in members):
                return name, [member["leg"] for member in members]
        return None

    name, legs = until(inside, lambda: "a room with everybody in it", seconds=60)
    orders = [
        ("mute", {"participants": legs[:1]}),
        ("unmute", {"participants": legs[:1]}),
        ("hold", {"everybody": True}),
        ("unhold", {"everybody": True}),
        ("say", {"text": "This call is recorded & <monitored>."}),
        ("kick", {"participants": legs[:1]}),
        ("end", {}),
    ]
    for verb, body in orders:
        status, _, answer = request("POST", f"{serve.operator}/api/v1/conferences/{name}/{verb}", body)
        if status != 202:
            raise Failure(f"{verb} was answered {status} {answer}")
        until(lambda: serve.memory()["unsettled"] == 0, lambda verb=verb: f"the settlement of {verb}", seconds=60)
    print(f"check: prism: {len(orders)} orders of an operator in a conference")


def doctor(program, serve):
    """Lets `doctor` look at the account through prism; only what it says about Twilio counts here."""
    command = [program, "doctor", "--config", serve.config, "--json"]
    subprocess.run(command, capture_output=True, check=False, env=environment(), timeout=60, cwd=serve.logs)


def refused(exchange):
    """Whether prism objects only to a refusal: the description has the statuses of successes and no others."""
    return 400 <= exchange.status < 500 and json.loads(exchange.violations or "[]") == [UNDESCRIBED]


def run(options, logs):
    """The whole run; returns objections."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    entrance = f"http://127.0.0.1:{serve.carrier_port}/webhooks/twilio"
    with Simulator(program, logs, entrance, ["--carrier", "twilio"]) as simulator:
        account = simulator.ready()["twilio"]
        with Prism(options.prism, description, simulator.root, logs) as prism:
            prism.ready()
            recorder = Recorder(prism.port)
            prove_the_oracle(recorder, account)
            base_url = f"{recorder.base_url}/2010-04-01"
            serve.configure_twilio(base_url, account["account"], account["token"], NUMBER)
            with serve:
                serve.ready()
                texts(serve, simulator)
                wrong = calls(simulator)
                operate(serve, simulator)
                doctor(program, serve)
            recorder.exchanges = [
                exchange for exchange in recorder.exchanges if OUTSIDE not in exchange.path and not refused(exchange)
            ]
            return wrong + judge(recorder, Templates(description, WANTED), "Twilio")


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
