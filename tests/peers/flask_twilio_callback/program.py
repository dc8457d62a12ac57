"""A callback service as a beginner writes it over the second carrier's SDK: ten digits by keys, one text, goodbye.

It behaves as a published program of 2024 does, faults included: the number and the count of wrong entries belong to the
process and not to a call, the count never goes down, ten keys of any kind are a number, who says nothing falls off the
end of the document, and the transfer dials nobody. `drive.py` shows what works all the same and what the ledger says of
the rest. Starts by itself: PORT, ACCOUNT_SID, TWILIO_AUTH_TOKEN and API_ROOT come from the environment.
"""

import logging
import os

from flask import Flask, jsonify, request, url_for
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

logging.basicConfig(level=logging.INFO)
app = Flask(__name__)
client = Client(os.environ["ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
client.api.base_url = os.environ["API_ROOT"]
SENDER = "+15550400002"
VOICE = "en-US-Neural2-J"

# Of all callers.
error_count = 0
callback_number = None


@app.route("/answer", methods=["POST"])
def answer():
    """Somebody rings, or is asked again."""
    response = VoiceResponse()
    if error_count > 2:
        response.say("Sorry, we did not understand you. You are being transferred.", voice=VOICE)
        response.redirect("/transfer")
        return str(response)
    response.say("Please enter your callback number on the keypad.", voice=VOICE)
    response.append(Gather(input="dtmf", action="/confirm", method="POST", numDigits="10"))
    return str(response)


def number_in(digits):
    """Ten keys are a number."""
    return digits if len(digits) == 10 else None


@app.route("/confirm", methods=["POST"])
def confirm():
    """The caller typed something."""
    global error_count, callback_number
    callback_number = number_in(request.form.get("Digits"))
    response = VoiceResponse()
    if callback_number is None:
        response.say("Sorry, that was not a number. Please enter your callback number on the keypad.", voice=VOICE)
        response.redirect("/answer")
        error_count += 1
        return str(response)
    response.say("Thank you. You will get a text message shortly.", voice=VOICE)
    response.redirect("/link")
    return str(response)


@app.route("/link", methods=["POST"])
def link():
    """The text goes out to whatever number was typed last."""
    client.messages.create(
        body="Here is the link that you asked for: https://callback.example/join",
        from_=SENDER,
        to=f"+1{callback_number}",
        status_callback=url_for("message_status", _external=True),
    )
    response = VoiceResponse()
    response.say("Message sent. Thank you for calling. Goodbye.", voice=VOICE)
    response.hangup()
    return str(response)


@app.route("/message_status", methods=["POST"])
def message_status():
    """What became of a text."""
    logging.info("message %s is %s", request.form.get("MessageSid"), request.form.get("MessageStatus"))
    return jsonify({"status": "received"}), 200


@app.route("/transfer", methods=["POST"])
def transfer():
    """Words about an agent."""
    response = VoiceResponse()
    response.say("You are being transferred to an agent.", voice=VOICE)
    return str(response)


@app.route("/ready")
def ready():
    """For the driver: it serves."""
    return "up"


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
