"""The judge of the prism runs can itself fail, and what Twilio takes of a command is chosen right."""

import contextlib
import io
import json
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "prism"))

import oracle  # noqa: E402
import twilio  # noqa: E402
import twilio_words  # noqa: E402
from recorder import Exchange, Recorder  # noqa: E402

DESCRIPTION = {
    "components": {"parameters": {"page": {"name": "page", "in": "query"}}},
    "paths": {
        "/texts": {
            "get": {"parameters": [{"$ref": "#/components/parameters/page"}]},
            "post": {"requestBody": {"content": {oracle.FORM: {"schema": {"properties": {"To": {}, "Body": {}}}}}}},
        },
        "/texts/{id}": {"get": {"parameters": [{"name": "id", "in": "path"}]}},
    },
}


def exchange(method, path, status=200, violations="", said="", answer="{}"):
    """One exchange."""
    return Exchange(method, path, status, violations, said, answer)


class TheJudge(unittest.TestCase):
    """`oracle.judge` on three operations."""

    def objections(self, *exchanges, owed=frozenset()):
        """What it says."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "description.json"
            path.write_text(json.dumps(DESCRIPTION), encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()):
                return " ".join(oracle.judge(exchanges, oracle.Templates(path, re.compile("/")), "text", owed))

    def test_praise_when_all_is_well(self):
        sent = exchange("POST", "/texts", said="To=1&Body=x")
        page = exchange("GET", "/texts?page%5Bsize%5D=2")
        self.assertEqual(self.objections(sent, page, owed={"POST /texts", "GET /texts"}), "")

    def test_an_operation_that_was_never_asked_for(self):
        self.assertIn("GET /texts/{id} was never asked for", self.objections(owed={"GET /texts/{id}"}))

    def test_an_operation_that_is_not_described(self):
        self.assertIn("DELETE /texts/{id} is not in the description", self.objections(exchange("DELETE", "/texts/1")))

    def test_a_parameter_that_is_misspelt(self):
        self.assertIn("has no parameter Bodi", self.objections(exchange("POST", "/texts", said="To=1&Bodi=x")))
        self.assertIn("has no parameter Page", self.objections(exchange("GET", "/texts?Page=2")))

    def test_an_objection_of_prism(self):
        self.assertIn("no such page", self.objections(exchange("GET", "/texts", violations="no such page")))


class Refusals(unittest.TestCase):
    """`twilio.judged`."""

    UNDESCRIBED = json.dumps([{"message": f"{twilio.UNDESCRIBED}: 200"}])
    ANSWER = json.dumps({"code": 21220})

    def test_a_refusal_alone_is_forgiven(self):
        refused = exchange("POST", "/texts", 400, self.UNDESCRIBED, answer=self.ANSWER)
        self.assertEqual(twilio.refusal(refused), 21220)
        self.assertFalse(twilio.judged(refused).is_objected_to())

    def test_nothing_else_is(self):
        invented = json.dumps([{"message": "sid must match pattern"}])
        both = json.dumps([*json.loads(self.UNDESCRIBED), *json.loads(invented)])
        for status, violations in [(400, invented), (400, both), (500, self.UNDESCRIBED), (200, self.UNDESCRIBED)]:
            wrong = exchange("POST", "/texts", status, violations, answer=self.ANSWER)
            self.assertTrue(twilio.judged(wrong).is_objected_to(), f"{status} {violations}")


class TheRecorder(unittest.TestCase):
    """`Recorder.lose`."""

    def test_a_request_is_lost_once(self):
        recorder = Recorder(9)
        recorder.lose("POST", "/texts")
        self.assertFalse(recorder.loses("GET", "/texts"))
        self.assertTrue(recorder.loses("POST", "/v1/texts?x=1"))
        self.assertFalse(recorder.loses("POST", "/v1/texts"))
        recorder.server.shutdown()
        recorder.server.server_close()


class WhatTwilioTakes(unittest.TestCase):
    """`twilio_words.speakable`."""

    def test_parameters_without_a_place_are_left_out(self):
        spoken = {"leg": {"leg": "CA1", "action": {"speak": {"payload": "Hello.", "target_legs": "self"}}}}
        kept = {"leg": {"leg": "CA1", "action": {"speak": {"payload": "Hello."}}}}
        self.assertEqual(twilio_words.speakable(spoken), kept)
        self.assertEqual(twilio_words.speakable({"dial": {"to": "+1", "privacy": "id"}}), {"dial": {"to": "+1"}})

    def test_other_commands_stay_as_they_are(self):
        for command in [{"leg": {"leg": "CA1", "action": {"hangup": {}}}}, {"query": {"call": {"leg": "CA1"}}}]:
            self.assertEqual(twilio_words.speakable(command), command)


if __name__ == "__main__":
    unittest.main()
