"""A death at each cut point of the program, at several passes each.

Needs a build with the feature `failpoints`; the points are the names of `actors/src/cut.rs`.
"""

import time

from processes import Failure

from . import oracle
from .stage import Stage

POINTS = ("received", "computed", "appended", "fsynced", "released", "sent", "answered")
# At which pass each life dies. Late and early ones in turn, so that no webhook meets death again and again while the
# carrier's pauses double.
PASSES = (13, 1, 21, 2, 34, 3, 8)
LONG_PASSES = PASSES + (55, 5, 89, 1, 144, 1, 2)
# A process that ends itself by `abort`.
ABORTED = -6
# Enough webhooks and commands for a life each.
CALLS_PER_LIFE = 9
RATE = 5
TALK_MS = 4_000
# A life that does not reach its pass within this time has nothing left to do.
LIFE_SECS = 25


def cut(point, program, logs, seed=1, passes=PASSES):
    """One life after the other dies at `point`; returns objections and a line of figures."""
    died, calls = [], CALLS_PER_LIFE * len(passes)
    with Stage(program, logs, seed=seed, patience=60) as stage:
        for nth in passes:
            armed = f"{point}={nth - 1}*off->1*return" if nth > 1 else f"{point}=1*return"
            stage.serve.start(FAILPOINTS=armed)
            if not died:
                stage.load(calls, RATE, TALK_MS)
            code = ended(stage)
            if code is None:
                # Everybody is through before this pass came: what is left is an ordinary end.
                break
            if code != ABORTED:
                raise Failure(f"serve ended with {code} instead of dying at pass {nth} of {point!r}")
            died.append(nth)
        if stage.serve.process.poll() is not None:
            stage.serve.start_ready()
        wrong, report = oracle.finish(stage, calls)
    if len(died) < len(passes) - 1:
        wrong.append(f"only {len(died)} lives died at {point!r}: at passes {died}")
    count = report["calls"]
    return wrong, (
        f"died at passes {', '.join(map(str, died))}; {count['completed']} of {count['started']} completed, "
        f"{report['commands']['duplicate_effects']} effects twice"
    )


def ended(stage):
    """The exit code of this life, or None when it goes on without dying."""
    deadline = time.monotonic() + LIFE_SECS
    while time.monotonic() < deadline:
        code = stage.serve.process.poll()
        if code is not None:
            return code
        time.sleep(0.02)
    return None
