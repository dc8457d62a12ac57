#!/usr/bin/env python3
"""The carrier's current official SDK against `cordboard simulate`: commands, conferences, webhook signatures.

    tests/peers/telnyx_sdk.py --program target/release/cordboard --logs target/run/telnyx-sdk

One simulated caller and one dialled leg are led through a call by the SDK alone; every webhook is verified by the SDK.
What the simulator gets wrong shows as an SDK error or as a webhook that does not come. Must run in a Python that has
telnyx and pynacl.
"""

import argparse
import http.server
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from processes import Failure, Simulator, until  # noqa: E402

import telnyx  # noqa: E402

CALLER = "+15550200001"
NUMBER = "+15550100000"
AGENT = "+15550300001"
PIN = "1234"


class Inbox:
    """A web server that keeps every webhook as it came."""

    def __init__(self):
        self.webhooks = []
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Takes everything."""

            def do_POST(self):  # noqa: N802, the name is the library's
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                inbox.webhooks.append((body, dict(self.headers)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, client, event_type, **payload):
        """The first webhook of a type whose payload has these values, unwrapped by the SDK."""

        def look():
            for body, headers in list(self.webhooks):
                event = client.webhooks.unwrap(body, headers=headers).data
                seen = event.payload
                if event.event_type == event_type and all(getattr(seen, k, None) == v for k, v in payload.items()):
                    return seen
            return None

        return until(look, lambda: f"{event_type} {payload} (of {len(self.webhooks)} webhooks)")


def expect(condition, what):
    """A check with words."""
    if not condition:
        raise Failure(what)
    print(f"check: {what}")


def caller_is_served(client, inbox, leg):
    """Answer, speak, gather."""
    actions = client.calls.actions
    expect(actions.answer(leg, client_state="c3RlcA==", command_id="one").data.result == "ok", "answer is accepted")
    answered = inbox.wait(client, "call.answered", call_control_id=leg)
    expect(answered.client_state == "c3RlcA==", "call.answered carries the client state of the answer")
    actions.speak(leg, payload="Welcome.", voice="female", language="en-US")
    inbox.wait(client, "call.speak.started", call_control_id=leg)
    spoken = inbox.wait(client, "call.speak.ended", call_control_id=leg)
    expect(spoken.status == "completed", "a prompt is spoken to its end")
    actions.gather_using_speak(leg, payload="Your PIN?", voice="female", maximum_digits=len(PIN), minimum_digits=1)
    gathered = inbox.wait(client, "call.gather.ended", call_control_id=leg)
    expect((gathered.digits, gathered.status) == (PIN, "valid"), "the digits that the caller pressed arrive")


def agent_is_dialled(client, inbox, connection_id):
    """Dial; returns the agent's leg."""
    dialled = client.calls.dial(connection_id=connection_id, to=AGENT, from_=NUMBER, timeout_secs=20).data
    expect(dialled.record_type == "call" and dialled.call_control_id, "dial answers with a call")
    inbox.wait(client, "call.answered", call_control_id=dialled.call_control_id)
    status = client.calls.retrieve_status(dialled.call_control_id).data
    expect(status.is_alive, "the dialled leg is alive when asked about")
    return dialled.call_control_id


def room_is_run(client, inbox, caller, agent):
    """Conference: create, join, list, mute, hold; returns its id."""
    conferences = client.conferences
    created = conferences.create(call_control_id=caller, name="sdk-room", beep_enabled="never").data
    inbox.wait(client, "conference.participant.joined", call_control_id=caller)
    conferences.actions.join(created.id, call_control_id=agent)
    inbox.wait(client, "conference.participant.joined", call_control_id=agent)

    def participants(**states):
        found = {entry.call_control_id: entry for entry in conferences.list_participants(created.id)}
        return {leg for leg, entry in found.items() if all(getattr(entry, k) == v for k, v in states.items())}

    expect(participants(status="joined") == {caller, agent}, "both legs are listed as participants")
    conferences.actions.mute(created.id, call_control_ids=[agent])
    expect(participants(muted=True) == {agent}, "mute mutes one")
    conferences.actions.unmute(created.id, call_control_ids=[agent])
    expect(participants(muted=True) == set(), "unmute lets it speak again")
    conferences.actions.hold(created.id, call_control_ids=[agent])
    expect(participants(on_hold=True) == {agent}, "hold holds one")
    conferences.actions.unhold(created.id, call_control_ids=[agent])
    expect(participants(on_hold=True) == set(), "unhold brings it back")
    listed = [entry.id for entry in conferences.list(filter={"name": "sdk-room", "status": "in_progress"})]
    expect(listed == [created.id], "the conference is found by its name")
    return created.id


def refusals(client, agent, conference):
    """Errors arrive as the SDK's own classes, with the carrier's codes."""
    for what, code, ask in [
        ("a second join", "90044", lambda: client.conferences.actions.join(conference, call_control_id=agent)),
        ("a wrong call id", "90015", lambda: client.calls.actions.speak("v3:nobody", payload="x", voice="female")),
    ]:
        try:
            ask()
        except telnyx.UnprocessableEntityError as refused:
            codes = [error["code"] for error in refused.body["errors"]]
            expect(codes == [code], f"{what} is refused with {code}")
        else:
            raise Failure(f"{what} was accepted")


def signatures(client, inbox):
    """A changed body and a foreign key are refused by the SDK."""
    body, headers = inbox.webhooks[0]
    foreign = telnyx.Telnyx(api_key="K", public_key="A" * 43 + "=")
    for what, verifier, text in [("a changed body", client, body + " "), ("a foreign key", foreign, body)]:
        try:
            verifier.webhooks.unwrap(text, headers=headers)
        except ValueError:
            print(f"check: {what} does not pass the SDK's verification")
        else:
            raise Failure(f"{what} passed the SDK's verification")


def run(program, logs):
    """The whole conversation."""
    inbox = Inbox()
    with Simulator(program, logs, inbox.url) as simulator:
        public_key = simulator.ready()["public_key"]
        client = telnyx.Telnyx(api_key="K", base_url=simulator.base_url, public_key=public_key, max_retries=0)
        simulator.ring(NUMBER, presses=[PIN], patience_ms=120_000, talk_ms=120_000, **{"from": CALLER})
        initiated = inbox.wait(client, "call.initiated", direction="incoming")
        caller = initiated.call_control_id
        expect((initiated.from_, initiated.to) == (CALLER, NUMBER), "the webhook says who called whom")
        caller_is_served(client, inbox, caller)
        agent = agent_is_dialled(client, inbox, initiated.connection_id)
        conference = room_is_run(client, inbox, caller, agent)
        refusals(client, agent, conference)
        client.calls.actions.hangup(agent)
        inbox.wait(client, "conference.participant.left", call_control_id=agent)
        client.calls.actions.hangup(caller)
        ended = inbox.wait(client, "call.hangup", call_control_id=caller)
        expect(ended.hangup_source == "callee", "the hangup came from our side")
        inbox.wait(client, "conference.ended", conference_id=conference)
        signatures(client, inbox)
        report = simulator.report_when_over(1, seconds=30)
        # The simulated caller wanted to talk on: the judge must not call that a success.
        expect(report["calls"]["lost"] == 1, "the ledger knows that the program hung up on a caller who was talking")
        expect(report["conferences"]["created"] == report["conferences"]["ended"] == 1, "one conference, ended")
        expect(report["commands"]["duplicate_effects"] == 0, "nothing took effect twice")


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    try:
        run(pathlib.Path(options.program).absolute(), options.logs)
    except (Failure, telnyx.TelnyxError) as failure:
        print(f"check: telnyx-sdk: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
