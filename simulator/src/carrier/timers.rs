//! What each deadline of the carrier does when it is due.

use super::calls::Hangup;
use super::emitted::Timer;
use super::{Carrier, Step};

impl Carrier {
    pub(super) fn timer_due(&mut self, step: &mut Step, timer: &Timer) {
        match timer {
            Timer::AudioDone(leg, serial) => self.audio_done(step, *leg, *serial),
            Timer::GatherSilence(leg, serial) => self.gather_silence(step, *leg, *serial),
            Timer::GatherTotal(leg, total) => self.gather_total(step, *leg, *total),
            Timer::FarEndActs(leg) => self.far_end_acts(step, *leg),
            Timer::FarEndLeaves(leg) => self.far_end_hangs_up(step, *leg),
            Timer::FarEndPresses(leg, gather) => self.far_end_presses(step, *leg, *gather),
            Timer::RingTimeout(leg) => self.ring_timeout(step, *leg),
            Timer::TimeLimit(leg) => self.end_leg(step, *leg, Hangup::new("time_limit", "unknown", "200")),
            Timer::MachineDetected(leg) => self.machine_detected(step, *leg),
            Timer::GreetingEnded(leg) => self.greeting_ended(step, *leg),
            Timer::RecordingFull(leg, id) => self.recording_full(step, *leg, *id),
            Timer::RecordingSilence(leg, id) => self.recording_silence(step, *leg, *id),
            Timer::RecordingSaved(leg, id) => self.recording_saved(step, *leg, *id),
            Timer::ConferenceRecordingSaved(conference, id) => {
                self.conference_recording_saved(step, *conference, *id);
            }
            Timer::ConferenceTimeout(conference) => {
                self.end_conference(step, *conference, "time_exceeded", None, true);
            }
            Timer::ConferenceAudioDone(conference, serial) => {
                self.conference_audio_done(step, *conference, *serial);
            }
            Timer::QueueTimeout(leg, serial) => self.queue_timeout(step, *leg, *serial),
            Timer::MessageMoves(number) => self.message_moves(step, *number),
            Timer::Forget(leg) => self.forget_leg(*leg),
        }
    }
}
