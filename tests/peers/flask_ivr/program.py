"""A contact centre as a beginner writes it over plain HTTP: answer, a menu of three digits, a transfer.

It behaves as a published program of 2025 does, faults included: commands are sent from within the webhook, every one
under a fresh command id, the direction of a leg is not looked at, and a transfer that nobody takes is forgotten.
`drive.py` shows what works all the same and what the ledger says of the rest. Starts by itself: PORT, TELNYX_API_KEY
and TELNYX_BASE_URL come from the environment.
"""

import os
import threading
import uuid

import requests
from flask import Flask, jsonify, request

app = Flask(__name__)
API_KEY = os.environ["TELNYX_API_KEY"]
API_BASE = os.environ["TELNYX_BASE_URL"]
TIMEOUT_SECS = 8

DEPARTMENTS = {
    "1": "sip:sales@departments.example",
    "2": "sip:support@departments.example",
    "3": "sip:porting@departments.example",
}
CHOICES = "Press 1 for sales, 2 for support, or 3 for porting."

# The development server answers each webhook in a thread of its own.
guard = threading.Lock()
routed, ended = set(), set()


def command(leg, action, **fields):
    """One request; whether the carrier accepted it."""
    try:
        answer = requests.post(
            f"{API_BASE}/calls/{leg}/actions/{action}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            json={"command_id": str(uuid.uuid4())} | fields,
            timeout=TIMEOUT_SECS,
        )
    except requests.RequestException:
        return False
    return answer.status_code == 200


def menu(leg):
    """Asks for one of three digits."""
    return command(
        leg,
        "gather_using_speak",
        payload=f"Welcome. {CHOICES}",
        invalid_payload=f"Sorry, that is not a choice. {CHOICES}",
        payload_type="text",
        service_level="premium",
        voice="Telnyx.KokoroTTS.af",
        minimum_digits=1,
        maximum_digits=1,
        valid_digits="123",
        timeout_millis=8000,
    )


def gathered(leg, payload):
    """The caller chose, or did not."""
    with guard:
        if leg in routed or leg in ended:
            return "gather_ignored"
    digit = (payload.get("digit") or payload.get("digits") or "").strip()
    if digit not in DEPARTMENTS:
        menu(leg)
    elif command(leg, "transfer", to=DEPARTMENTS[digit]):
        with guard:
            routed.add(leg)
    return "gather_processed"


@app.route("/webhook", methods=["POST"])
def webhook():
    """One webhook of the carrier; the answer is 200 whatever happened."""
    data = (request.get_json(silent=True) or {}).get("data", {})
    event, payload = data.get("event_type"), data.get("payload", {})
    leg = payload.get("call_control_id")
    status = "received"
    if event == "call.initiated":
        status = "answered_and_menu_started" if command(leg, "answer") and menu(leg) else "answer_failed"
    elif event == "call.gather.ended":
        status = gathered(leg, payload)
    elif event == "call.hangup":
        with guard:
            ended.add(leg)
    return jsonify({"status": status, "event": event})


@app.route("/ready")
def ready():
    """For the driver: it serves."""
    return "up"


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
