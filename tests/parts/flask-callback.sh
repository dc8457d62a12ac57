#!/usr/bin/env bash
# A foreign program against `cordboard simulate`: a Flask callback service over an old official SDK.
source tests/parts/tools.bash
# The same environment as the conference's: the class API ended with version 2.
python=$(venv flask 'flask==3.1.3' 'telnyx==2.1.6')
"$python" tests/peers/flask_callback/drive.py --program "$(program)" --logs target/run/flask-callback
