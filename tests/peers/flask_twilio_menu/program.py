"""A call centre as a beginner writes it over the second carrier's SDK: three digits, one text each, a reply to texts.

It behaves as a published program of 2020 does, faults included: nobody checks who asks, a right choice is answered with
an empty document, wrong ones go round for ever, the text is sent from within the webhook to whatever the caller's
number is, and its refusal is nobody's business. `drive.py` shows what works all the same and what the ledger says of the
rest. Starts by itself: PORT, ACCOUNT_SID, AUTH_TOKEN and API_ROOT come from the environment.
"""

import os

from flask import Flask, request
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse

app = Flask(__name__)
SENDER = "+15550400003"
VOICE = {"voice": "alice", "language": "en-AU"}
FORM = "https://intake.example/form"

TEXTS = {
    "1": f"Thank you for asking about repairs. Please fill in this form: {FORM}",
    "2": f"Thank you for asking about a lower rent. Please fill in this form: {FORM}",
    "3": "Thank you for your question. One of us will call you back within a few days.",
}


@app.route("/answer", methods=["POST"])
def answer():
    """Somebody rings."""
    response = VoiceResponse()
    gather = Gather(action="/collect", numDigits=1)
    gather.say(
        "Thank you for calling. For repairs, press 1. For a lower rent, press 2. For anything else, press 3.", **VOICE
    )
    response.append(gather)
    response.say("Sorry, we have not received a response. Goodbye.", **VOICE)
    return str(response)


@app.route("/collect", methods=["POST"])
def collect():
    """The caller chose."""
    response = VoiceResponse()
    number = request.values["From"]
    choice = request.values["Digits"]
    # The credentials are read for every caller anew, as everything here.
    client = Client(os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])
    client.api.base_url = os.environ["API_ROOT"]
    if choice not in TEXTS:
        response.say("Sorry, that is not a valid choice. Please try again.", **VOICE)
        response.redirect("/answer", method="POST")
        return str(response)
    client.messages.create(to=number, from_=SENDER, body=TEXTS[choice])
    return str(response)


@app.route("/message", methods=["GET", "POST"])
def message():
    """Somebody texts."""
    response = MessagingResponse()
    response.message("Thank you for your message. Please call us on this number, or write to contact@intake.example.")
    return str(response)


@app.route("/ready")
def ready():
    """For the driver: it serves."""
    return "up"


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
