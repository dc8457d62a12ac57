"""The judge of traces can itself fail."""

import unittest

from tracing import Span, objections

TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(number, parent, name, start=0, duration=10, **tags):
    """A span as Jaeger tells it."""
    references = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": f"{parent:016x}"}] if parent else []
    told = {
        "traceID": TRACE,
        "spanID": f"{number:016x}",
        "operationName": name,
        "references": references,
        "startTime": start,
        "duration": duration,
        "tags": [{"key": key.replace("_", "."), "value": value} for key, value in tags.items()],
        "logs": [],
    }
    return Span(told, {"serviceName": "cordboard"})


GOOD = [
    (1, 0, "call", 0, 100),
    (2, 1, "call.apply", 5, 1),
    (3, 2, "command answer", 6, 20),
]


class TheJudge(unittest.TestCase):
    """`tracing.objections`."""

    def judge(self, *more):
        """The good trace and these spans."""
        return objections(TRACE, [span(*one) for one in GOOD] + list(more), "call")

    def test_a_whole_trace_and_one_told_twice_are_good(self):
        self.assertEqual(self.judge(), [])
        self.assertEqual(self.judge(span(3, 2, "command answer", 6, 20)), [])

    def test_one_id_for_two_spans_is_found(self):
        self.assertIn("one id", self.judge(span(3, 2, "command answer", 6, 21))[0])

    def test_a_missing_parent_and_a_second_root_are_found(self):
        self.assertIn("has no parent", self.judge(span(4, 9, "call.apply"))[0])
        self.assertIn("roots are", self.judge(span(4, 0, "call"))[0])

    def test_a_command_under_no_transition_is_found(self):
        self.assertIn("not under a transition", self.judge(span(4, 1, "command hangup"))[0])

    def test_phases_that_overlap_are_found(self):
        first = span(4, 1, "ringing", 0, 50, call_state="ringing")
        second = span(5, 1, "talking", 40, 50, call_state="talking")
        self.assertIn("before ringing is over", self.judge(first, second)[0])


if __name__ == "__main__":
    unittest.main()
