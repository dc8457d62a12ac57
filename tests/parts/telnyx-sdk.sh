#!/usr/bin/env bash
# The current official SDK against `cordboard simulate`: commands, conferences, webhook signatures.
source tests/parts/tools.bash
python=$(venv telnyx-sdk 'telnyx==4.189.0' 'pynacl==1.6.2')
"$python" tests/peers/telnyx_sdk.py --program "$(program)" --logs target/run/telnyx-sdk
