"""Runs one conference program on loopback, its SDK pointed at the simulated carrier. Started by `drive.py`.

    serve.py PROGRAM.py PORT API_ROOT
"""

import importlib.util
import sys

import telnyx


def main():
    """Loads the program as it is, sets where the SDK goes, adds a page that says it is up, and serves."""
    source, port, api_root = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    spec = importlib.util.spec_from_file_location("conference_program", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    telnyx.api_base = api_root
    telnyx.api_key = "KEY-of-the-simulated-carrier"
    module.app.add_url_rule("/ready", "ready", lambda: "up")
    module.app.run(host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
