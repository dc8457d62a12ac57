#!/usr/bin/env python3
"""Requests that the second carrier's official SDK signs, sent to `cordboard serve`: believed as they are, refused mutated.

    tests/peers/twilio_signer.py --program target/release/cordboard --logs target/run/twilio-signer

Must run in a Python that has twilio. A seed is printed; the same seed makes the same requests.
"""

import argparse
import hashlib
import http.client
import pathlib
import random
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from processes import Failure, Orchestrator, request  # noqa: E402

from twilio.request_validator import RequestValidator  # noqa: E402

ACCOUNT = "AC" + "5" * 32
TOKEN = "token-of-the-signer"
NUMBER = "+15550400003"
GENUINE = 100
MUTATED = 200
WORDS = ["hours", "it's 5 o'clock", "a+b & c=d", "ünïcödé €", "100%", "", " spaces  ", "新しい", "#1;2?3"]


class Door:
    """The carrier door, asked with every byte as it is given."""

    def __init__(self, port):
        self.port = port
        self.root = f"http://127.0.0.1:{port}"
        self.validator = RequestValidator(TOKEN)

    def ask(self, method, target, body=None, content_type=None, signature=None):
        """Status of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
        if content_type:
            headers["content-type"] = content_type
        if signature is not None:
            headers["x-twilio-signature"] = signature
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def sign(self, url, fields):
        """What the SDK says."""
        together = Together()
        for name, value in fields:
            together.setdefault(name, []).append(value)
        return self.validator.compute_signature(url, together)


class Together(dict):
    """Values by name, as the frameworks hand them to the SDK."""

    def getlist(self, name):
        """All values of a name."""
        return self[name]


def fields_of(dice, number):
    """Fields as they may come: any words, empty ones, repeated names, names that are beginnings of others."""
    fields = [
        ("MessageSid", f"SM{number:032x}"),
        ("AccountSid", ACCOUNT),
        ("From", f"+1555020{number:04}"),
        ("To", NUMBER),
        ("Body", dice.choice(WORDS) or "x"),
        ("SmsStatus", "received"),
        ("FromCity", ""),
    ]
    for name in ("Reason", "ReasonConferenceEnded", "reason", "Ü", "MediaUrl0"):
        if dice.random() < 0.5:
            fields.append((name, dice.choice(WORDS)))
    if dice.random() < 0.5:
        fields += [("Twice", dice.choice(WORDS)), ("Twice", dice.choice(WORDS))]
    dice.shuffle(fields)
    return fields


def genuine(door, dice):
    """What the SDK signs is believed, whatever is in it."""
    for number in range(GENUINE):
        fields = fields_of(dice, number)
        path = dice.choice(["/webhooks/twilio", "/webhooks/twilio/sms"])
        text = urllib.parse.urlencode(fields)
        if dice.random() < 0.3:
            target = f"{path}?{text}"
            status = door.ask("GET", target, signature=door.sign(door.root + target, []))
        else:
            signed = door.root + path
            if dice.random() < 0.3:
                # The official libraries take an address with and without its port for the same.
                signed = signed.replace(f":{door.port}", "")
            signature = door.sign(signed, fields)
            status = door.ask("POST", path, text, "application/x-www-form-urlencoded", signature)
        if status != 200:
            raise Failure(f"a request that the SDK signed was answered {status}: {path} {fields}")
    print(f"check: twilio-signer: {GENUINE} requests signed by the SDK are believed")


def json_bodies(door):
    """A body that is no form is believed by its hash in the address."""
    body = '{"property": "value"}'
    digest = hashlib.sha256(body.encode()).hexdigest()
    target = f"/webhooks/twilio?bodySHA256={digest}"
    signature = door.sign(door.root + target, [])
    for text, expected in [(body, 200), (body + " ", 403)]:
        status = door.ask("POST", target, text, "application/json", signature)
        if status != expected:
            raise Failure(f"a JSON body was answered {status} instead of {expected}")
    bare = "/webhooks/twilio"
    if door.ask("POST", bare, body, "application/json", door.sign(door.root + bare, [])) != 403:
        raise Failure("a JSON body without its hash was believed")
    print("check: twilio-signer: JSON bodies are believed by their hash only")


def mutated(door, dice):
    """One change to a signed request: refused."""
    kinds = {}
    for number in range(MUTATED):
        fields = fields_of(dice, 10_000 + number)
        path = "/webhooks/twilio"
        signature = door.sign(door.root + path, fields)
        kind = dice.choice(["value", "name", "drop", "add", "path", "query", "signature", "token", "none", "case"])
        kinds[kind] = kinds.get(kind, 0) + 1
        at = dice.randrange(len(fields))
        if kind == "value":
            fields[at] = (fields[at][0], fields[at][1] + "x")
        elif kind == "name":
            fields[at] = ("x" + fields[at][0], fields[at][1])
        elif kind == "drop":
            # One of two alike is no change.
            fields = [field for field in fields if field != fields[at]]
        elif kind == "add":
            fields.append(("Added", "1"))
        elif kind == "path":
            path += "/sms"
        elif kind == "query":
            path += "?x=1"
        elif kind == "signature":
            signature = signature[:5] + ("A" if signature[5] != "A" else "B") + signature[6:]
        elif kind == "token":
            signature = RequestValidator("another token").compute_signature(door.root + path, {})
        elif kind == "none":
            signature = None
        else:
            signature = signature.swapcase()
        status = door.ask("POST", path, urllib.parse.urlencode(fields), "application/x-www-form-urlencoded", signature)
        if status != 403:
            raise Failure(f"a mutated request ({kind}) was answered {status}")
    print(f"check: twilio-signer: {MUTATED} mutated requests are refused ({len(kinds)} kinds)")


def run(program, logs, seed):
    """All of it."""
    dice = random.Random(seed)
    print(f"seed {seed}")
    serve = Orchestrator(program, logs)
    # Nobody answers there: what is believed is not sent on.
    serve.configure_twilio("http://127.0.0.1:9/2010-04-01", ACCOUNT, TOKEN, NUMBER)
    with serve:
        serve.ready()
        door = Door(serve.carrier_port)
        genuine(door, dice)
        json_bodies(door)
        mutated(door, dice)
        number = request("GET", f"{serve.operator}/api/v1/messages")[2]["numbers"][0]
        if number["received"] != GENUINE:
            raise Failure(f"{GENUINE} texts were believed and {number['received']} are in the books")


def main():
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--logs", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        run(pathlib.Path(options.program).absolute(), pathlib.Path(options.logs).absolute(), options.seed)
    except Failure as failure:
        print(f"check: twilio-signer: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
