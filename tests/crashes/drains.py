"""Rolling restarts: SIGTERM with callers on the line, then the next process over the same journal."""

import signal
import time

from processes import Failure, request

from . import oracle
from .stage import FAREWELL_SECS, Stage

ROLLS = 10
# Callers per restart, so that somebody is on the line at the last one too.
CALLS_PER_ROLL = 45
RATE = 8
TALK_MS = 6_000
# From one start to the next SIGTERM.
SERVES_SECS = 2
# The first leaves with the notice that an operator gets, the others in haste, for the sake of the run's length.
FIRST_NOTICE = "5s"
NOTICE = "1s"


def rolls(program, logs, seed=1, rolling=ROLLS):
    """Returns objections and a line of figures."""
    wrong, slowest, fewest = [], 0.0, None
    calls = CALLS_PER_ROLL * rolling
    with Stage(program, logs, seed=seed, patience=60) as stage:
        stage.serve.start_ready(CORDBOARD_SERVER_SHUTDOWN_NOTICE=FIRST_NOTICE)
        stage.load(calls, RATE, TALK_MS)
        time.sleep(SERVES_SECS)
        for roll in range(rolling):
            live = stage.live()
            fewest = live if fewest is None else min(fewest, live)
            took, code = leave(stage)
            slowest = max(slowest, took)
            if code != 0:
                wrong.append(f"restart {roll + 1}: exit code {code}")
            stage.serve.start_ready(CORDBOARD_SERVER_SHUTDOWN_NOTICE=NOTICE)
            time.sleep(SERVES_SECS)
        found = stage.serve.log_lines("found asleep after a restart")
        more, report = oracle.finish(stage, calls)
    wrong += more
    if not fewest:
        wrong.append("a restart met nobody on the line")
    if len(found) < rolling:
        wrong.append(f"only {len(found)} of {rolling} starts found anybody")
    count, webhooks = report["calls"], report["webhooks"]
    return wrong, (
        f"{rolling} rolling restarts, slowest farewell {slowest:.1f} s, at least {fewest} callers on the line; "
        f"{count['completed']} of {count['started']} completed, {webhooks['retried']} of {webhooks['sent']} webhooks retried"
    )


def leave(stage):
    """SIGTERM, a second one in the middle of it, and the end; returns seconds and exit code."""
    process, began = stage.serve.process, time.monotonic()
    process.send_signal(signal.SIGTERM)
    refusing = None
    while process.poll() is None:
        if time.monotonic() - began > FAREWELL_SECS:
            raise Failure(f"serve did not end within {FAREWELL_SECS} s after SIGTERM")
        try:
            status, _, _ = request("GET", f"{stage.serve.operator}/readyz")
            if status == 503 and refusing is None:
                refusing = time.monotonic() - began
                # An impatient operator must not turn a clean end into another one.
                process.send_signal(signal.SIGTERM)
        except OSError:
            # The operator door closes with the others.
            pass
        time.sleep(0.02)
    if refusing is None:
        raise Failure("/readyz was not off while serve was leaving")
    return time.monotonic() - began, process.returncode
