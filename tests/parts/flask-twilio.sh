#!/usr/bin/env bash
# Foreign programs against the second carrier's face: a Flask call centre and a callback service over its SDK.
source tests/parts/tools.bash
python=$(venv flask-twilio 'flask==3.1.3' 'twilio==9.13.0')
program=$(program)
"$python" tests/peers/flask_twilio_menu/drive.py --program "$program" --logs target/run/flask-twilio-menu
"$python" tests/peers/flask_twilio_callback/drive.py --program "$program" --logs target/run/flask-twilio-callback
