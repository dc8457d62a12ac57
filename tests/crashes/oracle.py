"""What must hold after any crash: the carrier's ledger, the journal on disk, and what `serve` still has in memory.

Used by every scenario. The carrier's books are believed; of the orchestrator only its files and its memory.
"""

import sqlite3

import check_report


def journal_objections(database, acked):
    """What is wrong in the journal's file, given the ids that the carrier saw answered 2xx."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as journal:
        verdict = journal.execute("PRAGMA integrity_check").fetchone()[0]
        known = {row[0] for row in journal.execute("SELECT event FROM events")}
        twice = journal.execute(
            "SELECT count(*) FROM (SELECT event FROM records WHERE event IS NOT NULL GROUP BY event HAVING count(*) > 1)"
        ).fetchone()[0]
        gaps = journal.execute(
            "SELECT count(*) FROM entities e WHERE e.seq - e.first + 1 <> "
            "(SELECT count(*) FROM records r WHERE r.entity = e.id)"
        ).fetchone()[0]
        unsettled = journal.execute("SELECT count(*) FROM unsettled").fetchone()[0]
        open_calls = journal.execute("SELECT count(*) FROM entities WHERE kind = 'call' AND terminal = 0").fetchone()[0]
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
    if open_calls:
        wrong.append(f"{open_calls} calls are open at the end")
    return wrong


def objections(stage, report, calls, floor=None):
    """Everything that is wrong after a run whose orchestrator has ended; an empty list is praise."""
    wrong = check_report.objections(report, stage.chaos, callers=calls, foreign=True)
    count = report["calls"]
    if floor is not None and count["completed"] < floor * count["started"]:
        wrong.append(f"{count['completed']} of {count['started']} completed, this scenario asks for {floor:.0%}")
    wrong += journal_objections(stage.serve.database(), stage.acked())
    return wrong


def finish(stage, calls, floor=None):
    """Waits for the end, stops `serve` as an operator would, and judges. Returns objections and the report."""
    report = stage.until_over(calls)
    code, _ = stage.serve.farewell()
    wrong = [] if code == 0 else [f"serve ended with {code} after SIGTERM"]
    return wrong + objections(stage, report, calls, floor), report
