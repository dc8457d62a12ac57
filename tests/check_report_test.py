"""The judge of the reports can itself fail: one good report, and one objection per rule."""

import copy
import unittest

import check_report

GOOD = {
    "calls": {"started": 500, "completed": 500, "failed": 0, "lost": 0},
    "conferences": {"created": 100, "ended": 100, "duplicates": 0},
    "commands": {"sent": 1000, "duplicate_effects": 0, "failed": 0},
    "webhooks": {"sent": 2500, "acked": 2500, "retried": 0, "rejected": 0},
    "messages": {"sent": 0, "delivered": 0, "unknown": 0, "duplicates": 0},
    "latency_ms": {"ack": {"p50": 1, "p99": 3}, "webhook_to_command": {"p50": 2, "p99": 6}},
    "left_behind": {"actors": 0, "timers": 0, "legs": 0, "conferences": 0, "index_entries": 0},
    "faults": {},
    "seed": 1,
    "wall_s": 9.5,
}


def changed(**figures):
    """The good report with some figures replaced, written `section__figure=value`."""
    report = copy.deepcopy(GOOD)
    for path, value in figures.items():
        section, figure = path.split("__")
        report[section][figure] = value
    return report


class Judge(unittest.TestCase):
    """What is accepted and what is not."""

    def objects(self, report, word, profile="calm", **settings):
        wrong = check_report.objections(report, profile, **settings)
        self.assertTrue(any(word in line for line in wrong), f"no objection with {word!r} in {wrong}")

    def test_a_good_report_is_accepted(self):
        self.assertEqual(check_report.objections(GOOD, "calm", 100, 5, 1), [])

    def test_a_lost_caller_is_refused(self):
        self.objects(changed(calls__completed=499, calls__lost=1), "lost")

    def test_callers_that_do_not_add_up_are_refused(self):
        self.objects(changed(calls__completed=499), "add up")

    def test_fewer_callers_than_asked_for_are_refused(self):
        self.objects(GOOD, "instead of 505", conferences_expected=101, callers=5)

    def test_a_run_without_callers_is_refused(self):
        self.objects(changed(calls__started=0, calls__completed=0), "nobody called")

    def test_the_floor_of_a_profile_holds(self):
        self.objects(changed(calls__completed=480, calls__failed=20), "97%", profile="bad-day")
        self.objects(changed(calls__completed=249, calls__failed=251), "50%", profile="hell")

    def test_doubled_effects_rooms_and_messages_are_refused(self):
        self.objects(changed(commands__duplicate_effects=1), "took effect twice")
        self.objects(changed(conferences__duplicates=1), "doubled")
        self.objects(changed(messages__duplicates=1), "sent twice")

    def test_a_program_that_did_nothing_is_refused(self):
        self.objects(changed(commands__sent=0), "no command and no message")
        self.assertEqual(check_report.objections(changed(commands__sent=0, messages__sent=9), "calm"), [])

    def test_anything_left_behind_is_refused(self):
        for figure in GOOD["left_behind"]:
            self.objects(changed(**{f"left_behind__{figure}": 2}), f"2 {figure}")

    def test_a_room_that_never_ended_is_refused(self):
        self.objects(changed(conferences__ended=99), "99 ended")

    def test_a_profile_whose_faults_never_fired_is_refused(self):
        self.objects(GOOD, "http_429 never fired", profile="hell")

    def test_few_callers_need_some_fault_but_not_every_kind(self):
        self.objects(GOOD, "no fault fired", profile="bad-day", few=True)
        report = changed(faults__webhook_drop=1)
        self.assertEqual(check_report.objections(report, "bad-day", few=True), [])

    def test_the_floor_of_few_callers_allows_for_chance(self):
        def report(failed):
            few = changed(calls__started=60, calls__completed=60 - failed, calls__failed=failed)
            few["faults"] = {"webhook_drop": 1}
            return few

        self.assertEqual(check_report.objections(report(4), "bad-day", callers=60, few=True), [])
        self.objects(report(5), "at least 56", profile="bad-day", callers=60, few=True)

    def test_faults_in_a_calm_run_are_refused(self):
        self.objects(changed(faults__http_429=1), "calm run")

    def test_unknown_figures_are_for_foreign_programs_only(self):
        report = changed(left_behind__actors=None, left_behind__timers=None, left_behind__index_entries=None)
        self.assertEqual(check_report.objections(report, "calm", foreign=True), [])
        self.objects(report, "left_behind.actors")

    def test_a_missing_section_is_named(self):
        report = copy.deepcopy(GOOD)
        del report["webhooks"]
        self.objects(report, "webhooks is missing")
        self.objects([], "not a JSON object")


if __name__ == "__main__":
    unittest.main()
