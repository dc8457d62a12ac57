#!/usr/bin/env bash
# A foreign program against `cordboard simulate`: a Flask conference app over an old official SDK.
source tests/parts/tools.bash
# The class API (`telnyx.Call`, `telnyx.Conference`) ended with version 2.
python=$(venv flask 'flask==3.1.3' 'telnyx==2.1.6')
"$python" tests/peers/flask_conference/drive.py --program "$(program)" --logs target/run/flask
