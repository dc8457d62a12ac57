#!/usr/bin/env python3
"""The second carrier's official SDK against `cordboard simulate --carrier twilio`: documents, REST, signatures.

    tests/peers/twilio_sdk.py --program target/release/cordboard --logs target/run/twilio-sdk

A caller is led through a menu into a conference by documents that the SDK builds; calls, participants and messages are
made, changed and listed by its client; its validator checks every request. Must run in a Python that has twilio.
"""

import argparse
import http.server
import pathlib
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from processes import Failure, Simulator, until  # noqa: E402

from twilio.base.exceptions import TwilioException, TwilioRestException  # noqa: E402
from twilio.request_validator import RequestValidator  # noqa: E402
from twilio.rest import Client  # noqa: E402
from twilio.twiml.messaging_response import MessagingResponse  # noqa: E402
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse  # noqa: E402

CALLER = "+15550200001"
NUMBER = "+15550400009"
AGENT = "+15550300001"
ROOM = "sdk-room"
# More than two pages of the SDK's usual size.
MESSAGES = 120


class Web:
    """The program under test: answers with documents and has every request checked by the SDK."""

    def __init__(self):
        self.validator = None
        self.forged = []
        self.callbacks = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self):  # noqa: N802, the name is the library's
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                fields = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
                url = f"http://{self.headers['host']}{self.path}"
                if not web.validator.validate(url, fields, self.headers["x-twilio-signature"]):
                    web.forged.append((url, fields))
                document = web.answer(self.path, fields).encode()
                self.send_response(200)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, fields):
        """The document of one request."""
        if path == "/callback":
            self.callbacks.append(fields)
            return ""
        if "MessageSid" in fields:
            reply = MessagingResponse()
            reply.message(f"You said {fields['Body']}.")
            return str(reply)
        response = VoiceResponse()
        if path == "/digits" and fields["Digits"] == "1":
            dial = Dial()
            dial.conference(
                ROOM,
                status_callback=f"{self.root}/callback",
                status_callback_event="start end join leave mute hold",
                end_conference_on_exit=False,
            )
            response.append(dial)
        else:
            gather = Gather(num_digits=1, timeout=5, action="/digits")
            gather.say("Press 1 for the conference.")
            response.append(gather)
            response.say("Goodbye.")
        return str(response)


def expect(condition, what):
    """A check with words."""
    if not condition:
        raise Failure(what)
    print(f"check: {what}")


def refused(what, code, ask):
    """A refusal arrives as the SDK's own error with the carrier's number."""
    try:
        ask()
    except TwilioRestException as error:
        expect(error.code == code, f"{what} is refused with {code}")
    else:
        raise Failure(f"{what} was accepted")


def texts(client, web, simulator):
    """One message to its end, many in a list, one that comes in."""
    message = client.messages.create(
        to="+15550209999", from_=NUMBER, body="hello", status_callback=f"{web.root}/callback"
    )
    expect(message.status == "queued", "a message is queued")
    until(lambda: client.messages(message.sid).fetch().status == "delivered", lambda: "the delivery of a message")
    told = until(
        lambda: [field["MessageStatus"] for field in list(web.callbacks) if field.get("MessageSid") == message.sid][1:],
        lambda: "two status callbacks of a message",
    )
    expect(told == ["delivered"], "its callbacks say sent and delivered")
    for number in range(MESSAGES - 1):
        client.messages.create(to=f"+1555021{number:04}", from_=NUMBER, body="one of many")
    listed = {entry.sid for entry in client.messages.list(page_size=50)}
    expect(len(listed) == MESSAGES, f"{MESSAGES} messages are listed over pages")
    simulator.text(CALLER, NUMBER, "hours")
    until(
        lambda: [entry for entry in client.messages.list(to=CALLER) if entry.body == "You said hours."],
        lambda: "the reply to a text",
    )
    print("check: who texts gets the reply of the document")
    refused("a message to nobody", 21211, lambda: client.messages.create(to="12", from_=NUMBER, body="x"))
    simulator.text(CALLER, NUMBER, "STOP")
    until(lambda: client.messages.list(from_=CALLER)[1:], lambda: "the text STOP")
    refused("a message to who said STOP", 21610, lambda: client.messages.create(to=CALLER, from_=NUMBER, body="x"))


def conference(client, web, simulator):
    """A caller comes in by a document, an agent by REST; both are changed and leave."""
    simulator.ring(NUMBER, presses=["1"], talk_ms=120_000, patience_ms=120_000, **{"from": CALLER})
    room = until(lambda: client.conferences.list(friendly_name=ROOM), lambda: "the conference")[0]
    agent = client.conferences(room.sid).participants.create(to=AGENT, from_=NUMBER, label="agent")

    def inside(**states):
        found = client.conferences(room.sid).participants.list()
        return {entry.call_sid for entry in found if all(getattr(entry, k) == v for k, v in states.items())}

    until(lambda: len(inside()) == 2, lambda: "two participants")
    caller = (inside() - {agent.call_sid}).pop()
    expect(client.conferences(room.sid).fetch().status == "in-progress", "the conference runs with two participants")
    client.conferences(room.sid).participants("agent").update(muted=True)
    expect(inside(muted=True) == {agent.call_sid}, "a participant is muted by label")
    client.conferences(room.sid).participants(caller).update(hold=True)
    expect(inside(hold=True) == {caller}, "a participant is held by call")
    client.calls(agent.call_sid).update(twiml="<Response><Say>Thank you.</Say></Response>")
    until(lambda: client.calls(agent.call_sid).fetch().status == "completed", lambda: "the end of the agent's call")
    expect(inside() == {caller}, "a call that gets another document leaves the conference")
    refused(
        "a change of a call that is over", 21220, lambda: client.calls(agent.call_sid).update(status="completed")
    )
    client.conferences(room.sid).participants(caller).delete()
    until(lambda: client.conferences(room.sid).fetch().status == "completed", lambda: "the end of the conference")
    reason = client.conferences(room.sid).fetch().reason_conference_ended
    expect(reason == "last-participant-kicked", "it ended because the last one was put out")

    def told():
        seen = [field for field in list(web.callbacks) if field.get("ConferenceSid") == room.sid]
        return seen if any(field["StatusCallbackEvent"] == "conference-end" for field in seen) else None

    seen = until(told, lambda: "the callbacks of the conference")
    numbers = sorted(int(field["SequenceNumber"]) for field in seen)
    expect(numbers == list(range(1, len(seen) + 1)), "its callbacks are numbered without gaps")


def run(program, logs):
    """The whole conversation."""
    web = Web()
    extra = ["--carrier", "twilio"]
    with Simulator(program, logs, f"{web.root}/voice", extra) as simulator:
        account = simulator.ready()["twilio"]
        web.validator = RequestValidator(account["token"])
        client = Client(account["account"], account["token"])
        client.api.base_url = simulator.root
        texts(client, web, simulator)
        conference(client, web, simulator)
        refused("a call that does not exist", 20404, lambda: client.calls("CA" + "0" * 32).fetch())
        refused("a wrong token", 20003, lambda: stranger(simulator, account["account"]).calls("CA0").fetch())
        report = simulator.report_when_over(1, seconds=30)
        expect(report["left_behind"]["legs"] == 0, "no leg is left behind")
        expect(not web.forged, f"the SDK's validator accepts all {report['webhooks']['sent']} requests")


def stranger(simulator, account):
    """A client with a wrong token."""
    client = Client(account, "wrong")
    client.api.base_url = simulator.root
    return client


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    try:
        run(pathlib.Path(options.program).absolute(), options.logs)
    except (Failure, TwilioException) as failure:
        print(f"check: twilio-sdk: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
