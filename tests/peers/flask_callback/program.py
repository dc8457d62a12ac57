"""A callback service as a beginner writes it over the carrier's SDK of 2021: ten digits by keys, one text, goodbye.

It behaves as a published program of 2024 does, faults included: the gather runs beside the prompt, the text goes out
before the thanks, what to do after a prompt is decided by what was said last, and after a wrong number nobody asks
again. `drive.py` shows what works all the same and what the ledger says of the rest. Started by `serve.py`.
"""

import os
import re

import telnyx
from flask import Flask, Response, request

app = Flask(__name__)
telnyx.api_key = "set by serve.py"
SENDER = os.environ.get("TELNYX_NUMBER", "+15550400002")
VOICE = {"language": "en-US", "voice": "female"}

# What was said last, by call.
said = {}


def speak(leg, words):
    """Says something."""
    telnyx.Call.create_speak(leg, payload=words, **VOICE)


def answered(leg):
    """Asks for the number and listens at once."""
    speak(leg, "Please enter your ten digit callback number, then press pound.")
    telnyx.Call.create_gather(
        leg,
        minimum_digits=10,
        maximum_digits=10,
        timeout_millis=60000,
        terminating_digit="#",
        valid_digits="0123456789#",
    )


def gathered(leg, digits):
    """The caller typed something."""
    if re.fullmatch(r"\d{10}", digits or ""):
        telnyx.Message.create(
            from_=SENDER, to=f"+1{digits}", text=f"Thank you. We have your number {digits} and shall be in touch."
        )
        speak(leg, "Thank you. You will get a text message soon.")
        said[leg] = "confirmation"
    else:
        speak(leg, "That number is invalid. Please try again.")
        said[leg] = "invalid_number"


@app.route("/webhook", methods=["POST"])
def webhook():
    """One webhook of the carrier."""
    data = request.get_json()["data"]
    event, payload = data["event_type"], data["payload"]
    leg = payload.get("call_control_id")
    if leg is None:
        return Response(status=200)
    if event == "call.initiated":
        telnyx.Call.create_answer(leg)
    elif event == "call.answered":
        answered(leg)
    elif event == "call.gather.ended":
        gathered(leg, payload["digits"])
    elif event == "call.speak.ended" and said.get(leg) == "confirmation":
        del said[leg]
        telnyx.Call.create_hangup(leg)
    return Response(status=200)
