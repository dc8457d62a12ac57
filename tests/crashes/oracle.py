"""What must hold after any crash: the carrier's ledger, the journal on disk, and what `serve` still has in memory.

Used by every scenario. The carrier's books are believed; of the orchestrator only its files and its memory.
"""

import sqlite3

import check_report


# Events that one entity recorded twice, or that caused something twice. Two entities may record one event: those of a
# conference go to the leg's call while nobody knows the conference's id, and handing them on causes nothing by itself.
APPLIED_TWICE = """
SELECT event FROM records WHERE event IS NOT NULL GROUP BY event, entity HAVING count(*) > 1
UNION
SELECT event FROM records
WHERE event IS NOT NULL AND effects <> '[]' AND effects NOT LIKE '%"forwarded"%'
GROUP BY event HAVING count(*) > 1
"""


def open_calls(database):
    """How many calls the journal has that are not over."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as journal:
        return journal.execute("SELECT count(*) FROM entities WHERE kind = 'call' AND terminal = 0").fetchone()[0]


def journal_objections(database, acked):
    """What is wrong in the journal's file, given the ids that the carrier saw answered 2xx."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as journal:
        verdict = journal.execute("PRAGMA integrity_check").fetchone()[0]
        known = {row[0] for row in journal.execute("SELECT event FROM events")}
        twice = journal.execute(f"SELECT count(*) FROM ({APPLIED_TWICE})").fetchone()[0]
        gaps = journal.execute(
            "SELECT count(*) FROM entities e WHERE e.seq - e.first + 1 <> "
            "(SELECT count(*) FROM records r WHERE r.entity = e.id)"
        ).fetchone()[0]
        unsettled = journal.execute("SELECT count(*) FROM unsettled").fetchone()[0]
    wrong = []
    if verdict != "ok":
        wrong.append(f"SQLite finds the journal damaged: {verdict}")
    lost = sorted(set(acked) - known)
    if lost:
        wrong.append(f"{len(lost)} events were answered 2xx and are not in the journal: {lost[:5]}")
    if not acked:
        wrong.append("no event was answered 2xx")
    if twice:
        wrong.append(f"{twice} events were applied more than once")
    if gaps:
        wrong.append(f"{gaps} entities miss records")
    if unsettled:
        wrong.append(f"{unsettled} effects are unsettled at the end")
    still_open = open_calls(database)
    if still_open:
        wrong.append(f"{still_open} calls are open at the end")
    return wrong


def objections(stage, report, calls, gave_up=False):
    """Everything that is wrong after a run whose orchestrator has ended; an empty list is praise.

    `gave_up`: the carrier may have given webhooks up, because nobody was there for longer than it repeats them.
    """
    judged = report | {"webhooks": report["webhooks"] | {"rejected": 0}} if gave_up else report
    wrong = check_report.objections(judged, stage.chaos, callers=calls, foreign=True)
    wrong += journal_objections(stage.serve.database(), stage.acked())
    return wrong


def finish(stage, calls, gave_up=False):
    """Waits for the end, stops `serve` as an operator would, and judges. Returns objections and the report."""
    report = stage.until_over(calls)
    code, _ = stage.serve.farewell()
    wrong = [] if code == 0 else [f"serve ended with {code} after SIGTERM"]
    return wrong + objections(stage, report, calls, gave_up), report
