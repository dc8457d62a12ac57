"""A conference application as the carrier's SDK of 2021 suggests it: the first caller opens the room, others join.

One process, state in globals, no retries: what a beginner writes, and what must work against the simulated carrier.
"""

import threading

import telnyx
from flask import Flask, Response, request

app = Flask(__name__)
telnyx.api_key = "set by serve.py"

# Flask serves each webhook in a thread of its own; without it two callers would open the room.
door = threading.Lock()
room = None
inside = set()


class Leg:
    """The SDK's class methods want an object that has the id of a call."""

    def __init__(self, call_control_id):
        self.call_control_id = call_control_id


def enter(call_control_id):
    """Puts a caller into the room, which the first one opens."""
    global room
    with door:
        inside.add(call_control_id)
        if room is None:
            room = telnyx.Conference.create(
                call_control_id=call_control_id, name="program-conference", beep_enabled="always"
            )
        else:
            room.join(call_control_id=call_control_id)


def leave(call_control_id):
    """Forgets a caller; the room ends with the last one."""
    global room
    with door:
        inside.discard(call_control_id)
        if not inside:
            room = None


@app.route("/webhook", methods=["POST"])
def webhook():
    """One webhook of the carrier."""
    data = request.get_json()["data"]
    call_control_id = data["payload"].get("call_control_id")
    if data["event_type"] == "call.initiated":
        telnyx.Call.answer(Leg(call_control_id))
    elif data["event_type"] == "call.answered":
        enter(call_control_id)
    elif data["event_type"] == "call.hangup":
        leave(call_control_id)
    return Response(status=200)
