#!/usr/bin/env python3
"""The documents that legs are told, as the second carrier's official SDK builds them.

    tests/peers/twilio_twiml.py            compare tests/fixtures/twilio/documents.json with what the SDK builds
    tests/peers/twilio_twiml.py --write    write that file anew

The Rust test `twilio::tests::documents` compares the same file with what our own writer makes of commands: so both
sides are held to the SDK, up to the order of attributes. Must run in a Python that has twilio.
"""

import json
import pathlib
import sys
from xml.etree import ElementTree

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

FIXTURE = pathlib.Path(__file__).parents[1] / "fixtures" / "twilio" / "documents.json"
WORDS = 'Tom & "Jerry" <3'
FILE = "https://files.example/a.mp3?x=1&y=2"


def at(word):
    return f"https://voice.example/{word}-7"


def say(response):
    response.say(WORDS, voice="woman", language="en-US")
    response.redirect(at("spoken"), method="POST")


def play(response):
    response.play(FILE, loop=3)
    response.redirect(at("played"), method="POST")


def music(response):
    response.play(FILE, loop=0)
    response.redirect(at("played"), method="POST")


def park(response):
    response.pause(length=60)
    response.redirect(at("resume"), method="POST")


def keys(response):
    response.play(digits="1w2#")
    park(response)


def gather(timeout, **more):
    return Gather(
        input="dtmf", action=at("gathered"), method="POST", timeout=timeout, action_on_empty_result=True, **more
    )


def keypad(response):
    response.append(gather(8, num_digits=4, finish_on_key="#"))


def spoken_gather(response):
    verb = gather(8, num_digits=1)
    verb.say(WORDS, voice="Polly.Joanna", language="en-US")
    response.append(verb)


def played_gather(response):
    verb = gather(8, num_digits=1)
    verb.play(FILE)
    response.append(verb)


def record(response):
    response.record(
        action=at("recorded"),
        method="POST",
        timeout=5,
        max_length=120,
        finish_on_key="#",
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=at("recording"),
        recording_status_callback_method="POST",
    )
    response.redirect(at("recorded"), method="POST")


def callback():
    return {
        "status_callback": at("leg") + "-CAone",
        "status_callback_method": "POST",
        "status_callback_event": "initiated answered completed",
    }


def transfer_to_a_number(response):
    dial = Dial(action=at("transferred"), method="POST", caller_id="+15550200000", timeout=30, time_limit=3600)
    dial.number("+15550100001", **callback())
    response.append(dial)


def transfer_to_sip(response):
    dial = Dial(action=at("transferred"), method="POST", time_limit=14400)
    dial.sip("sip:sales@example.com", username="user", password="secret", **callback())
    response.append(dial)


def enqueue(response):
    response.enqueue("support", action=at("dequeued"), method="POST")


def hangup(response):
    response.hangup()


def reject(response):
    response.reject(reason="busy")


def room(response):
    dial = Dial(action=at("left"), method="POST", time_limit=7200)
    dial.conference(
        "room_1",
        muted=False,
        beep="onEnter",
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        wait_url="",
        max_participants=50,
        status_callback=at("room"),
        status_callback_method="POST",
        status_callback_event="start end join leave",
    )
    response.append(dial)


def half(**more):
    dial = Dial(time_limit=14400, **more)
    dial.conference(
        "bridge",
        beep=False,
        end_conference_on_exit=True,
        wait_url="",
        max_participants=2,
        status_callback=at("joining") + "-CAone",
        status_callback_method="POST",
        status_callback_event="start join",
    )
    return dial


def near_half(response):
    response.append(half(action=at("parted") + "-CAtwo", method="POST"))


def far_half(response):
    response.append(half())
    response.hangup()


def announcement(response):
    response.say(WORDS, voice="man", language="de-DE")


def documents():
    makers = [
        say, play, music, park, keys, keypad, spoken_gather, played_gather, record, transfer_to_a_number,
        transfer_to_sip, enqueue, hangup, reject, room, near_half, far_half, announcement,
    ]  # fmt: skip
    made = {}
    for maker in makers:
        response = VoiceResponse()
        maker(response)
        made[maker.__name__] = str(response)
    return made


def canonical(xml):
    return ElementTree.canonicalize(xml)


def main():
    made = documents()
    if "--write" in sys.argv[1:]:
        FIXTURE.write_text(json.dumps(made, indent=1) + "\n")
        return 0
    kept = json.loads(FIXTURE.read_text())
    names = sorted(made.keys() | kept.keys())
    wrong = [name for name in names if canonical(made.get(name, "<n/>")) != canonical(kept.get(name, "<n/>"))]
    print(f"check: twilio-twiml: {len(made)} documents, {len(wrong)} differ: {' '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
