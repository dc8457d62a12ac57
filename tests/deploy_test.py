"""What `deploy/` says agrees with the program: exit codes, time limits, and what systemd itself thinks of the unit."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Reasons that pass by themselves or that the next start may find gone: a predecessor that drains, a full disk, other
# trouble of the file system, a failed write.
MAY_PASS = {22, 27, 29, 30}
# The command line's own: a start that may go well later, and settings that cannot be used.
START_AGAIN, UNUSABLE = 1, 2
# `systemd-analyze security` rates from 0 (safe) to 10. What is left are the network and the two doors.
MOST_EXPOSED = 20


def codes_of_the_journal():
    """Exit codes in the source, those of starting and that of a fault while running."""
    source = (ROOT / "src/journal/fault.rs").read_text(encoding="utf-8")
    starting = re.findall(r"Self::\w+ \{ \.\. \} => (\d+),", source)
    running = re.findall(r"FAULT_EXIT_CODE: u8 = (\d+);", source)
    return set(map(int, starting + running))


def unit(key):
    """Every value of a key of the unit, joined."""
    text = (ROOT / "deploy/cordboard.service").read_text(encoding="utf-8")
    return " ".join(re.findall(rf"^{key}=(.*)$", text, flags=re.MULTILINE))


class TheUnit(unittest.TestCase):
    """`deploy/cordboard.service`."""

    def test_only_what_a_restart_cannot_mend_prevents_one(self):
        prevented = set(map(int, unit("RestartPreventExitStatus").split()))
        self.assertEqual(prevented, codes_of_the_journal() - MAY_PASS | {UNUSABLE})

    def test_the_codes_of_the_command_line_are_in_the_source(self):
        for file, name, code in (
            ("src/cli.rs", "UNUSABLE", UNUSABLE),
            ("src/cli/serve.rs", "START_AGAIN", START_AGAIN),
        ):
            source = (ROOT / file).read_text(encoding="utf-8")
            self.assertEqual(re.findall(rf"const {name}: u8 = (\d+);", source), [str(code)], file)

    def test_every_code_is_in_the_table_of_the_readme(self):
        text = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
        table = set(map(int, re.findall(r"^ +\| (\d+) \|", text, flags=re.MULTILINE)))
        self.assertEqual(table, codes_of_the_journal() | {0, START_AGAIN, UNUSABLE})

    def test_the_time_limits_are_above_the_drain(self):
        example = tomllib.loads((ROOT / "cordboard.example.toml").read_text(encoding="utf-8"))
        drain = int(example["server"]["shutdown_deadline"].removesuffix("s"))
        compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
        grace = re.search(r"stop_grace_period: (\d+)s", compose).group(1)
        self.assertGreater(int(unit("TimeoutStopSec").removesuffix("s")), drain)
        self.assertGreater(int(grace), drain)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_systemd_understands_it_and_finds_it_closed(self):
        text = (ROOT / "deploy/cordboard.service").read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "cordboard.service"
            # The program is not installed where the unit expects it.
            path.write_text(text.replace("/usr/local/bin/cordboard", shutil.which("true")), encoding="utf-8")
            for task in (
                ["verify", "--man=no", path],
                ["security", "--offline=yes", f"--threshold={MOST_EXPOSED}", path],
            ):
                ended = subprocess.run(
                    ["systemd-analyze", *task], capture_output=True, text=True, timeout=60, check=False
                )
                said = ended.stdout + ended.stderr
                self.assertEqual(ended.returncode, 0, said)
                self.assertNotRegex(said, r"cordboard\.service:\d+: ")


class TheContainer(unittest.TestCase):
    """`deploy/Dockerfile`."""

    def test_it_is_not_root_and_signals_reach_the_program(self):
        text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
        last = text.rsplit("\nFROM ", 1)[1]
        self.assertRegex(last, r"\nUSER \$\{UID\}")
        self.assertRegex(last, r"\nARG UID=[1-9]\d+\n")
        self.assertIn("\nSTOPSIGNAL SIGTERM\n", last)
        # The form in brackets: no shell that swallows signals.
        self.assertIn('\nENTRYPOINT ["/usr/local/bin/cordboard"]\n', last)
        self.assertIn("\nVOLUME /var/lib/cordboard\n", last)
        self.assertIn("\nHEALTHCHECK ", last)


if __name__ == "__main__":
    unittest.main()
