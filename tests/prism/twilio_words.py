"""What can be said to Twilio of the catalogue of commands, which is written for a carrier that knows every parameter.

The program refuses a command whole when a parameter has no place at Twilio; without those it goes its way, and prism
sees it. docs/carriers.md says what is missing and why.
"""

from stage import name_of

# The parameters that Twilio has words for, of commands that have others too.
KEPT = {
    "leg.speak": "payload voice language payload_type service_level loop stop",
    "leg.playback_start": "audio_url audio_type loop stop cache_audio",
    "leg.transfer": "to from timeout_secs time_limit_secs park_after_unbridge early_media send_digits_on_answer",
    "leg.bridge": "other park_after_unbridge prevent_double_bridge",
    "leg.record_start": "format channels play_beep max_length timeout_secs recording_track trim end_keys",
    "dial": "connection to from link_to timeout_secs time_limit_secs answering_machine_detection retry_on_timeout "
            "send_digits_on_answer sip_auth_username sip_auth_password",
    "create_conference": "leg name beep max_participants duration_minutes hold_audio_url start_conference_on_create "
                         "comfort_noise",
    "conference.join": "leg hold mute beep hold_audio_url start_conference_on_enter end_conference_on_exit",
    "conference.play": "audio_url loop legs",
    "conference.speak": "payload voice language legs",
    "update_participant": "conference participant end_conference_on_exit",
}

# Files have addresses there, not names.
SAID_OTHERWISE = {"conference.play": {"audio_url": "https://example.com/jingle.mp3"}}

# No request comes of these: the answer to a webhook says them, or the program refuses them by name.
SILENT = {
    "leg.answer",
    "leg.client_state_update",
    "leg.record_pause",
    "leg.record_resume",
    "leg.streaming_start",
    "leg.streaming_stop",
    "leg.fork_start",
    "leg.fork_stop",
    "leg.siprec_start",
    "leg.siprec_stop",
    "leg.transcription_start",
    "leg.transcription_stop",
    "leg.suppression_start",
    "leg.suppression_stop",
    "leg.refer",
    "leg.send_sip_info",
    "leg.switch_supervisor_role",
    "conference.stop",
    "conference.send_dtmf",
    "conference.gather_using_audio",
    "conference.record_start",
    "conference.record_stop",
    "conference.record_pause",
    "conference.record_resume",
    "conference.update",
}


def speakable(command):
    """The same command with what Twilio takes of it."""
    name = name_of(command)
    if name not in KEPT:
        return command
    kept = KEPT[name].split()
    parameters = {key: value for key, value in parameters_of(command).items() if key in kept}
    parameters |= SAID_OTHERWISE.get(name, {})
    kind, about = next(iter(command.items()))
    if kind in ("leg", "conference"):
        return {kind: about | {"action": {next(iter(about["action"])): parameters}}}
    return {kind: parameters}


def parameters_of(command):
    """The command's parameters, however deep."""
    (kind, about), *_ = command.items()
    return next(iter(about["action"].values())) if kind in ("leg", "conference") else about
