"""Starts that must be refused, each with its exit code and a message that says what to do; and starts that must not.

The codes are those of `src/journal/fault.rs`; `deploy/` relies on them.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

from processes import Failure, environment, request

from . import disk
from .stage import START_SECS, Stage, steady_port


# A start that is going to be refused is refused at once.
REFUSAL_SECS = 10


def refused(program, logs, seed=1):
    """Every refusal, one after the other. Returns objections and a line of figures."""
    wrong, seen = [], []
    with Stage(program, logs, seed=seed) as stage:
        prepare(stage)
        for name, spoil, code, says in REFUSALS:
            with contextlib.ExitStack() as after:
                fresh(stage)
                try:
                    spoil(stage, after)
                except disk.Unable as why:
                    seen.append(f"{name} skipped ({why})")
                    continue
                found, text = attempt(stage)
                if found != code or not re.search(says, text):
                    wrong.append(f"{name}: exit code {found} instead of {code}, or not {says!r} in: {text.strip()}")
                    continue
                seen.append(f"{name} {code}")
            stage.serve.prefix = []
        wrong += endings(stage)
    return wrong, ", ".join(seen)


def prepare(stage):
    """A journal with a call in it, kept aside."""
    stage.serve.start_ready()
    stage.simulator.ring("+15550130000", 2, talk_ms=500)
    stage.until_over(2)
    code, _ = stage.serve.farewell()
    if code != 0:
        raise Failure(f"serve ended with {code} after SIGTERM")
    shutil.copytree(stage.serve.journal, stage.serve.logs / "kept", dirs_exist_ok=True)


def fresh(stage):
    """That journal again, in order."""
    journal = stage.serve.journal
    if journal.is_dir():
        shutil.rmtree(journal)
    else:
        journal.unlink(missing_ok=True)
    shutil.copytree(stage.serve.logs / "kept", journal)


def attempt(stage):
    """Starts it; returns exit code and what it said."""
    try:
        ended = subprocess.run(
            [*stage.serve.prefix, *stage.serve.arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=stage.serve.logs,
            env=environment(**stage.serve.variables),
            timeout=REFUSAL_SECS,
            check=False,
        )
    except subprocess.TimeoutExpired as goes_on:
        return "none, it serves", (goes_on.stderr or b"").decode(errors="replace")
    return ended.returncode, ended.stderr.decode(errors="replace")


def a_file(stage, _):
    """The data directory is a file."""
    shutil.rmtree(stage.serve.journal)
    stage.serve.journal.write_text("no directory", encoding="ascii")


def read_only(stage, after):
    """The data directory is on a disk that cannot be written."""
    stage.serve.prefix = after.enter_context(disk.Disk(stage.serve.journal, "ro,size=1m")).prefix


def no_room(stage, after):
    """The data directory is on a disk without room."""
    small = after.enter_context(disk.Disk(stage.serve.journal, "size=64k,mode=0700"))
    small.fill()
    stage.serve.prefix = small.prefix


def taken(stage, after):
    """Another process has it, and is not disturbed."""
    stage.serve.start_ready()
    after.callback(stage.serve.kill)
    after.callback(stage.serve.ready)
    # Its own ports are free for the second one.
    mine = {"CORDBOARD_SERVER_LISTEN": f"127.0.0.1:{steady_port()}"}
    mine["CORDBOARD_OPERATOR_LISTEN"] = f"127.0.0.1:{steady_port()}"
    before = dict(stage.serve.variables)
    stage.serve.variables.update(mine)
    after.callback(setattr, stage.serve, "variables", before)


def engaged(stage, after):
    """Somebody else listens where the carrier door wants to: that may pass."""
    listener = after.enter_context(socket.create_server(("127.0.0.1", 0)))
    before = dict(stage.serve.variables)
    stage.serve.variables["CORDBOARD_SERVER_LISTEN"] = "127.0.0.1:%d" % listener.getsockname()[1]
    after.callback(setattr, stage.serve, "variables", before)


def newer(stage, _):
    """A later release wrote it."""
    with contextlib.closing(sqlite3.connect(stage.serve.database())) as journal:
        journal.execute("UPDATE meta SET value = value + 1 WHERE key = 'format'")
        journal.commit()


def foreign(stage, _):
    """Somebody else's file has its name."""
    stage.serve.database().write_bytes(b"no database at all" * 400)


def flipped(stage, _):
    """The first byte of the table of records is another: no tree begins like this."""
    with contextlib.closing(sqlite3.connect(stage.serve.database())) as journal:
        page = journal.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'records'").fetchone()[0]
        size = journal.execute("PRAGMA page_size").fetchone()[0]
    with open(stage.serve.database(), "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff")


def older(stage, _):
    """The database is an older copy than the mark beside it."""
    for file in stage.serve.journal.glob("journal.sqlite*"):
        file.unlink()


def stranger(stage, after):
    """A setting that does not exist."""
    before = stage.serve.config.read_text(encoding="utf-8")
    after.callback(stage.serve.config.write_text, before, encoding="utf-8")
    stage.serve.config.write_text(before.replace("[journal]", "[journal]\ndirectroy = 1"), encoding="utf-8")


REFUSALS = (
    ("address in use", engaged, 1, "door cannot open"),
    ("unknown setting", stranger, 2, "directroy"),
    ("a file in its place", a_file, 20, "not a directory"),
    ("read-only", read_only, 21, "cannot be written"),
    ("taken", taken, 22, "locked by another process"),
    ("newer", newer, 23, "newer build"),
    ("foreign", foreign, 24, "no Cordboard journal"),
    ("damaged", flipped, 25, "damaged"),
    ("older copy", older, 26, "reported as durable"),
    ("no room", no_room, 27, "full"),
)


def endings(stage):
    """Ends that must be clean: signals at bad moments, streams that nobody reads. Returns objections."""
    wrong = []
    fresh(stage)
    # A hangup of the terminal in the middle of a start; the next start finds everything in order.
    for pause in (0.0, 0.01, 0.03, 0.1):
        stage.serve.start()
        time.sleep(pause)
        stage.serve.process.send_signal(signal.SIGHUP)
        try:
            code = stage.serve.process.wait(1)
        except subprocess.TimeoutExpired:
            # Once the program listens to it, SIGHUP reads the flows again and ends nothing.
            stage.serve.process.send_signal(signal.SIGTERM)
            code = stage.serve.process.wait(START_SECS)
        if code not in (0, -signal.SIGHUP):
            wrong.append(f"SIGHUP during the start: exit code {code}")
    stage.serve.start_ready()
    code, _ = stage.serve.farewell()
    if code != 0:
        wrong.append(f"after SIGHUP during the start: exit code {code}")
    code = unread(stage)
    if code != 0:
        wrong.append(f"SIGTERM with full pipes and stdin closed: exit code {code}")
    return wrong


def unread(stage):
    """Standard output and error are pipes that are full and that nobody reads, standard input is closed."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(65_536))
    os.set_blocking(writing, True)
    settings = environment(**stage.serve.variables)
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *stage.serve.arguments]
    process = subprocess.Popen(command, stdout=writing, stderr=writing, cwd=stage.serve.logs, env=settings)
    os.close(writing)
    try:
        deadline = time.monotonic() + START_SECS
        while True:
            try:
                if request("GET", f"{stage.serve.operator}/readyz")[0] == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"serve with unread output does not serve (exit code {process.poll()})")
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        return process.wait(START_SECS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(reading)
