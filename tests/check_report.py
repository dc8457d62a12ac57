#!/usr/bin/env python3
"""Judges one report of `cordboard demo`, `load` or `simulate` (the object that `--json` prints).

    tests/check_report.py --profile bad-day --conferences 100 --callers 5 report.json

Prints one line of figures when the report is in order, one line per objection otherwise, and exits 1.
The report is what the simulated carrier counted; this file only says which counts are acceptable. Standard library
only, so that it runs wherever Python does.
"""

import argparse
import json
import math
import sys

# Share of callers that must reach their goal. Below, a run in which everything failed would pass.
FLOORS = {"calm": 1.0, "bad-day": 0.97, "hell": 0.50, "outage": 0.50}

SINGLE_FAULTS = (
    "webhook_duplicate",
    "webhook_reorder",
    "webhook_drop",
    "webhook_never",
    "http_5xx",
    "http_5xx_effect",
    "http_429",
    "http_timeout",
    "http_timeout_effect",
)

# What a profile must have injected at least once of every kind: a fault that never fired proved nothing.
FAULTS = {
    "bad-day": SINGLE_FAULTS,
    "hell": SINGLE_FAULTS,
    "outage": ("outage_webhook", "outage_request"),
}

SECTIONS = {
    "calls": ("started", "completed", "failed", "lost"),
    "conferences": ("created", "ended", "duplicates"),
    "commands": ("sent", "duplicate_effects", "failed"),
    "webhooks": ("sent", "acked", "retried", "rejected"),
    "messages": ("sent", "delivered", "unknown", "duplicates"),
    "left_behind": ("actors", "timers", "legs", "conferences", "index_entries"),
}

# What only the orchestrator itself knows; null when the program under test is not ours.
OURS = ("actors", "timers", "index_entries")


def shape(report, foreign):
    """Objections to the form of a report: sections, figures, their types."""
    if not isinstance(report, dict):
        return ["the report is not a JSON object"]
    wrong = []
    for section, figures in SECTIONS.items():
        counts = report.get(section)
        if not isinstance(counts, dict):
            wrong.append(f"{section} is missing")
            continue
        for figure in figures:
            count = counts.get(figure)
            unknown = foreign and section == "left_behind" and figure in OURS and count is None
            if not unknown and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
                wrong.append(f"{section}.{figure} is {count!r} and should be a count")
    for kind in ("ack", "webhook_to_command"):
        if not isinstance(report.get("latency_ms", {}).get(kind), dict):
            wrong.append(f"latency_ms.{kind} is missing")
    return wrong


def least_completed(started, profile, few):
    """How many callers must reach their goal: the floor, and for few callers two standard deviations below it. A run
    that is right on the floor would else fail half of the time by which callers the faults happened to meet."""
    floor = FLOORS[profile] * started
    return floor - 2 * math.sqrt(floor * (1 - FLOORS[profile])) if few else floor


def calls(report, profile, started, few=False):
    """Objections to what became of the callers."""
    count = report["calls"]
    wrong = []
    if count["started"] != count["completed"] + count["failed"] + count["lost"]:
        wrong.append(f"the callers do not add up: {count}")
    if count["started"] == 0:
        wrong.append("nobody called")
    if started is not None and count["started"] != started:
        wrong.append(f"{count['started']} callers started instead of {started}")
    if count["lost"]:
        wrong.append(f"{count['lost']} callers were lost: {report.get('failures')}")
    least = least_completed(count["started"], profile, few)
    if count["completed"] < least:
        wrong.append(
            f"{count['completed']} of {count['started']} completed, "
            f"{profile} asks for {FLOORS[profile]:.0%}, here at least {math.ceil(least)}"
        )
    return wrong


def conferences(report, profile, expected):
    """Objections to the rooms that were made."""
    count = report["conferences"]
    wrong = []
    if count["duplicates"]:
        wrong.append(f"{count['duplicates']} conferences were doubled")
    if count["ended"] != count["created"]:
        wrong.append(f"{count['created']} conferences were created and {count['ended']} ended")
    # Only without faults is one room per number certain: a late caller may rightly get a new one.
    if expected is not None and profile == "calm" and count["created"] != expected:
        wrong.append(f"{count['created']} conferences were created instead of {expected}")
    return wrong


def effects(report):
    """Objections to what was done twice, and to what was left behind."""
    wrong = []
    if report["commands"]["duplicate_effects"]:
        wrong.append(f"{report['commands']['duplicate_effects']} commands took effect twice")
    # What a document of TwiML asks for is no command; a text of it is counted all the same.
    if report["commands"]["sent"] == 0 and report["messages"]["sent"] == 0:
        wrong.append("no command and no message was sent")
    if report["messages"]["duplicates"]:
        wrong.append(f"{report['messages']['duplicates']} messages were sent twice")
    for figure, count in report["left_behind"].items():
        if count:
            wrong.append(f"left behind: {count} {figure}")
    return wrong


def faults(report, profile, few=False):
    """Objections to the faults that were injected, or were not; few callers need not have met every kind."""
    fired = report.get("faults", {})
    if profile == "calm":
        wrong = [f"{count} faults {kind} in a calm run" for kind, count in fired.items() if count]
        if report["webhooks"]["rejected"]:
            wrong.append(f"{report['webhooks']['rejected']} webhooks were rejected in a calm run")
        return wrong
    if few:
        return [] if any(fired.values()) else ["no fault fired"]
    return [f"the fault {kind} never fired" for kind in FAULTS[profile] if not fired.get(kind)]


def objections(report, profile, conferences_expected=None, callers=None, seed=None, foreign=False, few=False):
    """Everything that is wrong with a report; an empty list is praise."""
    wrong = shape(report, foreign)
    if wrong:
        return wrong
    started = callers if conferences_expected is None or callers is None else conferences_expected * callers
    wrong = calls(report, profile, started, few)
    wrong += conferences(report, profile, conferences_expected)
    wrong += effects(report)
    wrong += faults(report, profile, few)
    if seed is not None and report.get("seed") != seed:
        wrong.append(f"the report is of seed {report.get('seed')} instead of {seed}")
    return wrong


def summary(report):
    """One line of figures for the log of a run."""
    count, ack = report["calls"], report["latency_ms"]["ack"]
    return (
        f"{count['completed']} of {count['started']} completed, {count['failed']} failed, {count['lost']} lost; "
        f"{report['conferences']['created']} conferences; {report['commands']['sent']} commands; "
        f"{report['webhooks']['sent']} webhooks; ack p50 {ack.get('p50')} ms, p99 {ack.get('p99')} ms; "
        f"{sum(report.get('faults', {}).values())} faults; {report.get('wall_s')} s"
    )


def main():
    """Reads the arguments and the report; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("report", help="file with the JSON object")
    parser.add_argument("--profile", choices=FLOORS, default="calm")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--conferences", type=int, help="conferences that were asked for")
    parser.add_argument("--callers", type=int, help="callers, per conference when --conferences is given")
    parser.add_argument("--foreign", action="store_true", help="the program under test was not ours")
    parser.add_argument("--few", action="store_true", help="too few callers to meet every kind of fault, or for an exact floor")
    parser.add_argument("--name", help="what the run is called in the lines that are printed")
    options = parser.parse_args()
    try:
        with open(options.report, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        print(f"check: {options.report} is not a report: {error}")
        return 1
    wrong = objections(
        report,
        options.profile,
        options.conferences,
        options.callers,
        options.seed,
        options.foreign,
        options.few,
    )
    name = f"{options.profile} seed {report.get('seed')}" if isinstance(report, dict) else options.profile
    if options.name:
        name = f"{options.name} {name}"
    for objection in wrong:
        print(f"check: {name}: {objection}")
    if not wrong:
        print(f"check: {name}: {summary(report)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
