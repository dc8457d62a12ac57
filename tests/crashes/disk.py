"""A data directory on a disk of its own that is small, or read-only: a tmpfs in a mount namespace.

The namespace belongs to a keeper process and goes with it, so nothing stays mounted whatever happens to the driver.
"""

import os
import pathlib
import subprocess
import time

from processes import until

from . import oracle
from .stage import Stage

# Holds the ballast (16 MiB) twice over, which is when the journal believes in room again, and some calls.
MEGABYTES = 64
# A keeper that nobody stops ends by itself.
KEEPER_SECS = 900
CALLERS, NEWCOMERS = 30, 20
TALK_MS = 16_000
CHUNK = 1 << 20


class Unable(Exception):
    """This machine does not let us mount anything; the text says why."""


class Disk:
    """A tmpfs at `folder`, visible to those who enter through `prefix`, and to us at `inside`."""

    def __init__(self, folder, options):
        self.folder, self.options = pathlib.Path(folder).absolute(), options
        self.keeper = None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        root = os.geteuid() == 0
        # The path comes as an argument, so that no name can be read as a command.
        script = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && exec sleep "$3"'
        command = ["unshare", "-m" if root else "-rm", "--propagation", "private", "sh", "-c", script, "sh"]
        command += [self.options, str(self.folder), str(KEEPER_SECS)]
        try:
            self.keeper = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise Unable(str(error)) from error
        if self.keeper.stdout.readline().strip() != "mounted":
            raise Unable(self.keeper.stderr.read().strip() or "unshare or mount failed")
        target = str(self.keeper.pid)
        user = [] if root else ["--user", "--preserve-credentials"]
        self.prefix = ["nsenter", "--target", target, *user, "--mount", f"--wd={self.folder.parent}"]
        self.inside = pathlib.Path(f"/proc/{target}/root{self.folder}")
        return self

    def __exit__(self, *_):
        self.keeper.kill()
        self.keeper.wait()

    def fill(self):
        """Takes every byte that is free."""
        with open(self.inside / "filler", "ab", buffering=0) as filler:
            for size in (CHUNK, 4_096, 1):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def free(self):
        """Gives it back."""
        (self.inside / "filler").unlink()


def full(program, logs, seed=1):
    """The disk is full in the middle of everything: 503 for new calls, hangups recorded, then room again."""
    with Stage(program, logs, seed=seed, patience=100) as stage:
        with Disk(stage.serve.logs / "journal", f"size={MEGABYTES}m,mode=0700") as disk:
            stage.serve.prefix, stage.serve.journal = disk.prefix, disk.inside
            stage.serve.start_ready()
            for room in range(CALLERS // 5):
                stage.simulator.ring(f"+1555012{room:04}", 5, talk_ms=TALK_MS)
            stage.until_talking(CALLERS, seconds=10)
            disk.fill()
            filled = time.monotonic()
            stage.simulator.ring("+15550129999", NEWCOMERS, talk_ms=4_000)
            until(lambda: shed(stage), lambda: "a 503 for a new call", 15)
            # Their hangups need records, and the disk has no room but the ballast's.
            until(lambda: stage.snapshot()["completed"] == CALLERS, lambda: "the hangups of everybody", 40)
            # An index entry goes when the record of its leg's end is durable.
            until(
                lambda: stage.serve.memory()["index_entries"] == 0,
                lambda: f"the records of their hangups on a full disk ({stage.serve.memory()})",
                30,
            )
            hungup = time.monotonic() - filled
            refused = stage.snapshot()["ringing"]
            turned_away = shed(stage)
            disk.free()
            wrong, report = oracle.finish(stage, CALLERS + NEWCOMERS)
            again = stage.serve.log_lines("has room again")
    if refused != NEWCOMERS:
        wrong.append(f"{NEWCOMERS - refused} new calls were taken on a full disk")
    if not again:
        wrong.append("the journal never said that there is room again")
    count = report["calls"]
    return wrong, (
        f"{turned_away} times 503 for new calls, {CALLERS} hangups recorded {hungup:.0f} s after the disk was full; "
        f"{count['completed']} of {count['started']} completed"
    )


def shed(stage):
    """How many webhooks were answered 503, as the metrics have it."""
    page = stage.serve.wait_for(f"{stage.serve.operator}/metrics").decode()
    lines = [line for line in page.splitlines() if line.startswith("cordboard_requests_shed_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)
