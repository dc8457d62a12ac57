"""Texts and calls of `cordboard serve` over Twilio on their way through prism to `cordboard simulate`. Started by `run`.

    serve -> recorder -> prism (validates requests and answers) -> simulate

People text the number, an operator orders texts, `doctor` looks at the account, callers meet in conferences, an operator
acts upon one and calls somebody, every command that Twilio has words for is issued once, then callers of every scenario
ring (`scenarios`). Prism must object to nothing, and see every operation that the program can ask for.
"""

import collections
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import driver  # noqa: E402
import scenarios  # noqa: E402
from carriers import Twilio  # noqa: E402
from oracle import Prism, Templates, judge  # noqa: E402
from processes import Failure, Orchestrator, Simulator, environment, request, until  # noqa: E402
from recorder import Recorder  # noqa: E402
from stage import Stage  # noqa: E402
from twilio_words import SILENT, speakable  # noqa: E402

NUMBER = "+15550400003"
CONFERENCES = 3
CALLERS = 3
ROOM = "+15550109999"
# What `src/carriers/twilio/client` can ask for, and what for. `TwilioClient::message` could look at one text; nothing in
# the program does.
OPERATIONS = {
    "GET Calls.json": "live legs of the reconciler, and the doctor's look at the account",
    "POST Calls.json": "dials",
    "GET Calls/{Sid}.json": "probes of silent legs, and strangers that the reconciler finds",
    "POST Calls/{Sid}.json": "documents for legs that do not ask, and hangups",
    "GET Conferences.json": "live conferences of the reconciler, and rooms that are looked up by name",
    "GET Conferences/{Sid}.json": "whether a conference lives that is said to be over",
    "POST Conferences/{Sid}.json": "ends and announcements",
    "GET Conferences/{ConferenceSid}/Participants.json": "audits of rooms, and everybody for mute and hold",
    "GET Conferences/{ConferenceSid}/Participants/{CallSid}.json": "whether a leg is in before it is sent there",
    "POST Conferences/{ConferenceSid}/Participants/{CallSid}.json": "mute, hold, announcements, what comes at the end",
    "DELETE Conferences/{ConferenceSid}/Participants/{CallSid}.json": "kicks",
    "GET Messages.json": "texts in doubt",
    "POST Messages.json": "texts",
}
# The doctor alone asks for it; the description is a subset that has no numbers of the account.
OUTSIDE = "/IncomingPhoneNumbers.json"
# The description has the statuses of successes and no others.
UNDESCRIBED = "Unable to match the returned status code with those defined in the document"


def prove_the_oracle(recorder, twilio):
    """Wrong requests must be objected to; an oracle that says yes to everything proves nothing."""
    account = f"/2010-04-01/Accounts/{twilio.account}"
    key = {"authorization": "Basic eDp4"}
    form = key | {"content-type": "application/x-www-form-urlencoded"}
    call = b"To=%2B15550200001&From=%2B15550200002&Url=http%3A%2F%2Fexample.com&Timeout=soon"
    Recorder.ask(recorder.port, "GET", f"{account}/Messages.json?PageSize=many", key, b"")
    Recorder.ask(recorder.port, "POST", f"{account}/Calls.json", form, call)
    if len(recorder.violations()) != 2:
        raise Failure("prism did not object to a page of `many` entries, or to a call that rings until `soon`")
    recorder.exchanges.clear()


def order(serve, path, body):
    """An operator asks for something; returns the answer."""
    status, _, answer = request("POST", f"{serve.operator}/api/v1/{path}", body)
    if status != 202:
        raise Failure(f"{path} was answered {status} {answer}")
    return answer


def texts(serve, simulator, recorder):
    """Two people text, one gets a text that an operator ordered; another such text is lost on its way to the carrier."""
    simulator.text("+15550200001", NUMBER, "hours")
    simulator.text("+15550200002", NUMBER, "Is anybody there?")
    words = "Your table is ready & waiting. ünïcödé"
    order(serve, "messages", {"from": NUMBER, "to": "+15550200003", "text": words})

    def delivered():
        number = request("GET", f"{serve.operator}/api/v1/messages")[2]["numbers"][0]
        return number if number["delivered"] == 3 else None

    number = until(delivered, lambda: "the delivery of three texts")
    print(f"check: prism: texts: {number['sent']} sent, {number['delivered']} delivered, {number['received']} received")
    recorder.lose("POST", "/Messages.json")
    order(serve, "messages", {"from": NUMBER, "to": "+15550200004", "text": words})


def look_for_the_lost_text(recorder):
    """Waits until the text in doubt has been looked for: a quarter of a minute after it was lost."""

    def asked():
        return any(
            exchange.method == "GET" and "/Messages.json?" in exchange.path for exchange in recorder.exchanges
        )

    until(asked, lambda: "the search for a text in doubt", seconds=60)


def rooms_of(serve):
    """Legs of those who are in a room, for every live room that nobody is on the way to."""
    rooms = {}
    for room in request("GET", f"{serve.operator}/api/v1/conferences")[2]["conferences"]:
        members = request("GET", f"{serve.operator}/api/v1/conferences/{room['name']}")[2]["members"]
        if all(member["stage"] == "in" for member in members):
            rooms[room["name"]] = [member["leg"] for member in members]
    return rooms


def operate(serve, simulator):
    """An operator invites somebody to a conference, silences, holds, addresses and puts out who is in, and ends it."""
    others = rooms_of(serve).keys()
    simulator.ring(ROOM, CALLERS, talk_ms=600_000, patience_ms=600_000)

    def room_with(count):
        rooms = rooms_of(serve).items()
        return next(((name, legs) for name, legs in rooms if name not in others and len(legs) == count), None)

    name, _ = until(lambda: room_with(CALLERS), lambda: "a room with everybody in it", seconds=60)
    order(serve, f"conferences/{name}/invite", {"from": NUMBER, "to": "+15550200005"})
    name, legs = until(lambda: room_with(CALLERS + 1), lambda: "somebody who was invited", seconds=60)
    orders = [
        ("mute", {"participants": legs[:1]}),
        ("unmute", {"participants": legs[:1]}),
        ("hold", {"everybody": True}),
        ("unhold", {"everybody": True}),
        ("say", {"text": "This call is recorded & <monitored>."}),
        ("say", {"text": "You alone hear this.", "participants": legs[:1]}),
        ("kick", {"participants": legs[:1]}),
        ("end", {}),
    ]
    for verb, body in orders:
        order(serve, f"conferences/{name}/{verb}", body)
        until(lambda: serve.memory()["unsettled"] == 0, lambda verb=verb: f"the settlement of {verb}", seconds=60)
    print(f"check: prism: an invitation, and {len(orders)} orders of an operator in a conference")


def start(serve):
    """An operator has somebody called into a flow."""
    announced = order(serve, "calls", {"from": NUMBER, "to": "+15550200006", "flow": "announcement"})["id"]

    def over():
        call = request("GET", f"{serve.operator}/api/v1/calls/{announced}")[2]
        return None if call["live"] else call

    call = until(over, lambda: "the end of a call that an operator placed", seconds=60)
    print(f"check: prism: a call that an operator placed into a flow: {call['end_reason']}")


def doctor(program, serve):
    """Lets `doctor` look at the account through prism; only what it says about Twilio counts here."""
    command = [program, "doctor", "--config", serve.config, "--json"]
    subprocess.run(command, capture_output=True, check=False, env=environment(), timeout=60, cwd=serve.logs)


def judged(exchange):
    """The exchange as it is to be judged. A refusal is nothing to object to, and prism has seen the request before."""
    return exchange._replace(violations="") if refusal(exchange) else exchange


def refusal(exchange):
    """The carrier's code, if it merely refused what prism found right."""
    objections = json.loads(exchange.violations or "[]")
    refused = 400 <= exchange.status < 500 and len(objections) == 1
    return json.loads(exchange.answer)["code"] if refused and objections[0]["message"].startswith(UNDESCRIBED) else None


def run(options, logs):
    """The whole run; returns objections."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    entrance = f"http://127.0.0.1:{serve.carrier_port}/webhooks/twilio"
    with Simulator(program, logs, entrance, ["--carrier", "twilio"]) as simulator:
        twilio = Twilio(simulator.ready())
        with Prism(options.prism, description, twilio.upstream(simulator.root), logs) as prism:
            prism.ready()
            recorder = Recorder(prism.port)
            prove_the_oracle(recorder, twilio)
            twilio.configure(serve, recorder.base_url, NUMBER)
            with serve:
                serve.ready()
                texts(serve, simulator, recorder)
                wrong = driver.meet(simulator, CONFERENCES, CALLERS)
                operate(serve, simulator)
                start(serve)
                doctor(program, serve)
                wrong += Stage(program, simulator, serve, twilio, speakable).issue_everything(recorder, SILENT)
                look_for_the_lost_text(recorder)
    callers, exchanges = scenarios.run(options, logs / "scenarios", twilio)
    seen = [exchange for exchange in recorder.exchanges + exchanges if OUTSIDE not in exchange.path]
    refused = collections.Counter(code for code in map(refusal, seen) if code)
    print(f"check: prism: requests that Twilio refused, by its codes: {dict(refused)}")
    owed = {operation.replace(" ", " /2010-04-01/Accounts/{AccountSid}/") for operation in OPERATIONS}
    templates = Templates(description, twilio.wanted)
    return wrong + callers + judge([judged(exchange) for exchange in seen], templates, "Twilio", owed)


if __name__ == "__main__":
    sys.exit(driver.main(__doc__, run))
