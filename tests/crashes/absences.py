"""`serve` is away while people hang up and ring: killed and down, or stopped and continued.

Afterwards its books must agree with the carrier's: who hung up meanwhile has ended here, who stayed is live here, and
who rang meanwhile gets in.
"""

import json
import signal
import sqlite3
import time

from processes import until

from . import oracle
from .stage import Stage

# Rooms of leavers, of stayers, and of both.
ROOMS = 4
LEAVERS_MS = 22_000
LATECOMERS = 10
# A missed hangup ends its call within this time after the return.
AGREE_SECS = 120


def number(kind, room):
    """The number of a room; callers who ring it meet."""
    return f"+1555011{kind}{room:03}"


def down(program, logs, seed=1, away=90):
    """Killed, and started again after `away` seconds."""
    with Stage(program, logs, seed=seed, patience=150) as stage:
        settle_in(stage, away)
        legs = stage.snapshot()["legs_live"]
        stage.serve.kill()
        missed = spend(stage, away)
        stage.serve.start_ready()
        return judged(stage, legs, missed, f"down for {away} s")


def paused(program, logs, seed=1, away=60):
    """Stopped by SIGSTOP, continued after `away` seconds."""
    with Stage(program, logs, seed=seed, patience=150) as stage:
        settle_in(stage, away)
        legs = stage.snapshot()["legs_live"]
        stage.serve.process.send_signal(signal.SIGSTOP)
        missed = spend(stage, away)
        stage.serve.process.send_signal(signal.SIGCONT)
        return judged(stage, legs, missed, f"stopped for {away} s")


def settle_in(stage, away):
    """Everybody rings and meets. Leavers hang up while `serve` is away, stayers well after."""
    stage.serve.start_ready()
    # Well after the books agree: a call whose leg is gone is asked about, hung up to be safe, and asked about again.
    stayers_ms = (away + 70) * 1_000
    for room in range(ROOMS):
        stage.simulator.ring(number(0, room), 5, talk_ms=LEAVERS_MS)
        stage.simulator.ring(number(1, room), 5, talk_ms=stayers_ms)
        stage.simulator.ring(number(2, room), 2, talk_ms=LEAVERS_MS)
        stage.simulator.ring(number(2, room), 3, talk_ms=stayers_ms)
    stage.until_talking(callers(), seconds=15)


def spend(stage, away):
    """The time of the absence; returns how many hung up in it. In its second half somebody rings."""
    begun = time.monotonic()
    done = stage.snapshot()["completed"]
    # Within the time for which the carrier repeats a webhook: an earlier ring would be unknown for ever.
    time.sleep(max(away - 40, away / 3))
    stage.simulator.ring(number(3, 0), LATECOMERS, talk_ms=8_000, patience_ms=150_000)
    time.sleep(max(0, begun + away - time.monotonic()))
    return stage.snapshot()["completed"] - done


def callers():
    """Callers before the absence."""
    return ROOMS * 15


def judged(stage, legs, missed, what):
    """Waits until the books agree, then for the end; returns objections and a line of figures."""
    back = time.monotonic()
    until(
        lambda: agree(stage),
        lambda: f"agreement with the carrier (here {len(our_legs(stage))}, there {len(stage.carriers_legs())} legs)",
        AGREE_SECS,
    )
    agreed = time.monotonic() - back
    live = stage.snapshot()["legs_live"]
    calls = callers() + LATECOMERS
    wrong, report = oracle.finish(stage, calls, gave_up=True)
    if legs != callers():
        wrong.append(f"{legs} legs were live before instead of {callers()}")
    if missed < callers() / 4:
        wrong.append(f"only {missed} hung up meanwhile")
    if live < callers() / 4:
        wrong.append(f"only {live} legs were live when the books agreed")
    count = report["calls"]
    return wrong, (
        f"{what}: {missed} hung up meanwhile, books agreed after {agreed:.1f} s with {live} live legs; "
        f"{count['completed']} of {count['started']} completed, {report['webhooks']['rejected']} webhooks given up"
    )


def agree(stage):
    """Whether legs and conferences that are live here are those that are live at the carrier."""
    here = our_legs(stage)
    return here == set(stage.carriers_legs()) and our_conferences(stage) == stage.snapshot()["conferences_live"]


def our_legs(stage):
    """The legs of every open call, as the journal has them."""
    return {handle["leg"] for handle in handles(stage, "call") if "leg" in handle}


def our_conferences(stage):
    """How many conferences the journal has open."""
    return len([handle for handle in handles(stage, "conference") if "conference" in handle])


def handles(stage, kind):
    """The carrier's ids of open entities."""
    with sqlite3.connect(f"file:{stage.serve.database()}?mode=ro", uri=True) as journal:
        rows = journal.execute("SELECT handles FROM entities WHERE kind = ? AND terminal = 0", (kind,)).fetchall()
    return [handle for row in rows for handle in json.loads(row[0])]
