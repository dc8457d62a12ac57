"""What both drivers begin with and end with: callers who meet in conferences, arguments and exit code."""

import argparse
import pathlib

import check_report
from processes import Failure


def meet(simulator, conferences, callers):
    """So many callers meet in each conference; returns objections to the report."""
    for room in range(conferences):
        simulator.ring(f"+1555010{room:04}", callers)
    report = simulator.report_when_over(conferences * callers, seconds=120)
    print(f"check: prism: {check_report.summary(report)}")
    return check_report.objections(report, "calm", conferences, callers, foreign=True)


def main(about, run):
    """Reads the arguments; returns the exit code."""
    parser = argparse.ArgumentParser(description=about.split("\n", 1)[0])
    for name in ("program", "prism", "description", "logs"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    try:
        wrong = run(options, pathlib.Path(options.logs).absolute())
    except Failure as failure:
        wrong = [failure]
    for objection in wrong:
        print(f"check: prism: {objection}")
    return 1 if wrong else 0
