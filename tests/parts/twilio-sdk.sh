#!/usr/bin/env bash
# The second carrier's official SDK: a client of `cordboard simulate`, a signer for `cordboard serve`, documents.
source tests/parts/tools.bash
python=$(venv twilio-sdk 'twilio==9.13.0')
"$python" tests/peers/twilio_sdk.py --program "$(program)" --logs target/run/twilio-sdk
"$python" tests/peers/twilio_signer.py --program "$(program)" --logs target/run/twilio-signer
"$python" tests/peers/twilio_twiml.py
