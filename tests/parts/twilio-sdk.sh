#!/usr/bin/env bash
# The second carrier's official SDK against `cordboard simulate --carrier twilio`: documents, REST, signatures.
source tests/parts/tools.bash
python=$(venv twilio-sdk 'twilio==9.13.0')
"$python" tests/peers/twilio_sdk.py --program "$(program)" --logs target/run/twilio-sdk
