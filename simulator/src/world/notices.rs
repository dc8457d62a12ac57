//! What the carrier notices, on its way to the ledger and to the callers' scripts.

use super::{CallerEvent, Entity, Inner};
use crate::carrier::emitted::{CallerNo, LegNo, Notice};
use crate::carrier::leg::{Direction, Leg};
use crate::ledger::Phase;

impl Inner {
    pub(super) fn carrier_counts(&self) -> (usize, usize) {
        (
            self.carrier.live_leg_count(),
            self.carrier.live_conference_count(),
        )
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Answered(leg) => {
                if let Some(caller) = own_caller(self.carrier.leg(leg)) {
                    self.ledger.call_moved(caller, Phase::Waiting);
                    self.tell(leg, CallerEvent::Answered);
                }
            }
            Notice::Listening(leg) => self.tell(leg, CallerEvent::Listening),
            Notice::Heard(leg) => self.tell(leg, CallerEvent::Heard),
            Notice::Bridged(one, other) => {
                for (leg, peer) in [(one, other), (other, one)] {
                    let peer = self.carrier.leg(peer);
                    let address = match peer.direction {
                        Direction::Outgoing => peer.to.clone(),
                        Direction::Incoming => peer.from.clone(),
                    };
                    self.tell(leg, CallerEvent::Bridged(address));
                }
            }
            Notice::Ended { leg, .. } => {
                self.tell(leg, CallerEvent::Ended);
                self.floors.remove(&Entity::Leg(leg));
                let leg = &self.carrier.leg(leg);
                self.ledger.target_over(&leg.control_id);
            }
            Notice::ConferenceCreated(_) => self.ledger.counters.conferences_created += 1,
            Notice::ConferenceEnded(conference) => {
                self.ledger.counters.conferences_ended += 1;
                self.floors.remove(&Entity::Conference(conference));
                let conference = self.carrier.conference(conference);
                self.ledger.target_over(&conference.id);
                self.ledger.target_over(&conference.name);
            }
            Notice::RoomSplit { .. } => self.ledger.counters.conferences_duplicate += 1,
            Notice::MessageSent { repeated } => {
                self.ledger.counters.messages_sent += 1;
                self.ledger.counters.messages_duplicate += u64::from(repeated);
            }
            Notice::Hears { leg, words } => self.tell(leg, CallerEvent::Hears(words)),
            Notice::Recording(leg) => self.tell(leg, CallerEvent::Recording),
            Notice::Recorded(leg) => self.tell(leg, CallerEvent::Recorded),
            Notice::MessageDelivered { to, words, .. } => {
                self.ledger.counters.messages_delivered += 1;
                if let Some(caller) = self.phones.owner(&to, &words) {
                    self.ledger.texted(caller);
                    self.tell_caller(caller, CallerEvent::Texted(words));
                }
            }
            Notice::Effect(effect) => self.ledger.effect(effect),
        }
    }

    fn tell(&self, leg: LegNo, event: CallerEvent) {
        if let Some(caller) = own_caller(self.carrier.leg(leg)) {
            self.tell_caller(caller, event);
        }
    }

    pub(super) fn tell_caller(&self, caller: CallerNo, event: CallerEvent) {
        if let Some(sender) = self.callers.get(&caller) {
            // A caller whose script is over no longer listens.
            let _ = sender.send(event);
        }
    }
}

/// The caller who holds this very leg, not one whom the leg was dialled for.
fn own_caller(leg: &Leg) -> Option<CallerNo> {
    leg.caller.filter(|_| leg.direction == Direction::Incoming)
}
