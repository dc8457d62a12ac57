#!/usr/bin/env bash
# A foreign program against `cordboard simulate`: a Flask contact centre over plain HTTP.
source tests/parts/tools.bash
# The environment of the other Flask programs; the old SDK brings the HTTP client along.
python=$(venv flask 'flask==3.1.3' 'telnyx==2.1.6')
"$python" tests/peers/flask_ivr/drive.py --program "$(program)" --logs target/run/flask-ivr
