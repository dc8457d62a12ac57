"""The judge of the crash runs can itself fail, and what it relies on in the program's source is there."""

import contextlib
import pathlib
import re
import sqlite3
import tempfile
import unittest

from crashes import cuts, oracle, starts

SOURCE = pathlib.Path(__file__).resolve().parent.parent

TABLES = """
CREATE TABLE entities (id INTEGER PRIMARY KEY, kind TEXT, first INTEGER, seq INTEGER, terminal INTEGER);
CREATE TABLE records (position INTEGER PRIMARY KEY, entity INTEGER, seq INTEGER, event TEXT, effects TEXT);
CREATE TABLE events (event TEXT PRIMARY KEY, entity INTEGER, seq INTEGER);
CREATE TABLE unsettled (entity INTEGER, seq INTEGER, idx INTEGER);
INSERT INTO entities VALUES (1, 'call', 1, 2, 1), (2, 'conference', 1, 1, 1);
INSERT INTO records VALUES (1, 1, 1, 'a', '[1]'), (2, 1, 2, 'b', '[]'), (3, 2, 1, 'b', '[]');
INSERT INTO events VALUES ('a', 1, 1), ('b', 1, 2);
"""


class TheJournal(unittest.TestCase):
    """`oracle.journal_objections` on a journal of three records."""

    def objections(self, change="", acked=("a", "b")):
        """What it says after one change."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "journal.sqlite"
            with contextlib.closing(sqlite3.connect(path)) as journal:
                journal.executescript(TABLES + change)
            return " ".join(oracle.journal_objections(path, acked))

    def test_praise_when_all_is_well(self):
        self.assertEqual(self.objections(), "")

    def test_an_acknowledged_event_without_a_record(self):
        self.assertIn("answered 2xx and are not in the journal", self.objections(acked=("a", "b", "c")))

    def test_no_event_at_all(self):
        self.assertIn("no event was answered", self.objections(acked=()))

    def test_an_event_twice_in_one_entity(self):
        change = "UPDATE records SET event = 'a' WHERE position = 2;"
        self.assertIn("applied more than once", self.objections(change))

    def test_an_event_with_effects_in_two_entities(self):
        change = "UPDATE records SET effects = '[2]' WHERE event = 'b';"
        self.assertIn("applied more than once", self.objections(change))

    def test_a_missing_record(self):
        self.assertIn("miss records", self.objections("UPDATE entities SET seq = 3 WHERE id = 1;"))

    def test_what_is_left(self):
        change = "INSERT INTO unsettled VALUES (1, 1, 0); UPDATE entities SET terminal = 0 WHERE id = 1;"
        self.assertIn("unsettled", self.objections(change))
        self.assertIn("calls are open", self.objections(change))


class TheSource(unittest.TestCase):
    """Names and numbers that the drivers share with the program."""

    def test_the_cut_points_are_those_of_the_program(self):
        source = (SOURCE / "actors/src/cut.rs").read_text(encoding="utf-8")
        names = re.findall(r'Self::\w+ => "(\w+)"', source)
        self.assertEqual(tuple(names), cuts.POINTS)

    def test_the_exit_codes_are_those_of_the_program(self):
        source = (SOURCE / "src/journal/fault.rs").read_text(encoding="utf-8")
        codes = set(map(int, re.findall(r"Exit code (\d+)\.", source)))
        # SQLite too old and faults without a name of their own cannot be brought about from outside.
        self.assertEqual({code for _, _, code, _ in starts.REFUSALS if code >= 20}, codes - {28, 29})


if __name__ == "__main__":
    unittest.main()
