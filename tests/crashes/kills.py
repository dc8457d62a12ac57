"""`kill -9` of `serve` every few seconds while callers ring, meet and leave, on a bad day."""

import time

from . import oracle
from .stage import Stage

# From one start to the next kill. Long enough to take webhooks in, short enough to hit every step of a call.
KILL_EVERY_SECS = 3
LEAST_KILLS = 20
CALLS = 2_000
# Rings until the last of the kills: calls, by kills and the time that a restart takes.
RATE = 25
TALK_MS = 8_000
# Twice the profile's: a good part of the time nobody is there, and a busy machine starts programs slowly.
PATIENCE_SECS = 90
CALLERS = 5


def calls(kills):
    """So many callers that somebody is on the line at each of `kills` kills."""
    return CALLS * kills // LEAST_KILLS


def bad_day(program, logs, seed=1, kills=LEAST_KILLS):
    """The main run. Returns objections and a line of figures."""
    hits, waited = 0, 0
    callers = calls(kills)
    with Stage(program, logs, chaos="bad-day", seed=seed, patience=PATIENCE_SECS) as stage:
        stage.serve.start_ready()
        stage.load(callers, RATE, TALK_MS, CALLERS)
        # Past the twentieth too, as long as there is somebody to disturb; not for ever, or nobody could leave.
        for _ in range(kills + 5):
            time.sleep(KILL_EVERY_SECS)
            live = stage.live()
            stage.serve.must_run()
            if live == 0:
                break
            stage.serve.kill()
            hits += 1
            stage.serve.start_ready()
        found = stage.serve.log_lines("found asleep after a restart")
        waited = sum(line.get("owed", 0) for line in found)
        wrong, report = oracle.finish(stage, callers)
    if hits < kills:
        wrong.append(f"only {hits} of {kills} kills hit while somebody was on the line")
    if not waited:
        wrong.append("no restart found an effect under way: the kills hit nothing")
    count = report["calls"]
    line = (
        f"{hits} kills, {waited} effects under way at them, slowest start {stage.serve.slowest_start:.2f} s; "
        f"{count['completed']} of {count['started']} completed, {count['failed']} failed, {count['lost']} lost, "
        f"{report['commands']['duplicate_effects']} effects twice, {report['webhooks']['acked']} webhooks acked"
    )
    return wrong, line
