//! Handles of live entities: which leg and which conference belongs to whom.

use cordboard_core::{Address, CallControlId, ConferenceId, Handle};
use dashmap::DashMap;

#[derive(Default)]
pub(super) struct Index(DashMap<Handle, Address>);

impl Index {
    pub(super) fn owner(&self, handle: &Handle) -> Option<Address> {
        self.0.get(handle).map(|owner| owner.value().clone())
    }

    pub(super) fn change(&self, address: &Address, gained: &[Handle], lost: &[Handle]) {
        for handle in lost {
            self.0.remove_if(handle, |_, owner| owner == address);
        }
        for handle in gained {
            self.0.insert(handle.clone(), address.clone());
        }
    }

    pub(super) fn legs(&self) -> Vec<(CallControlId, Address)> {
        self.0
            .iter()
            .filter_map(|entry| match entry.key() {
                Handle::Leg(leg) => Some((leg.clone(), entry.value().clone())),
                Handle::Conference(_) => None,
            })
            .collect()
    }

    pub(super) fn handles(&self, owner: &Address) -> Vec<Handle> {
        let mut handles: Vec<Handle> = self
            .0
            .iter()
            .filter(|entry| entry.value() == owner)
            .map(|entry| entry.key().clone())
            .collect();
        // Their order numbers the commands that end them.
        handles.sort();
        handles
    }

    pub(super) fn conferences(&self) -> Vec<(ConferenceId, Address)> {
        self.0
            .iter()
            .filter_map(|entry| match entry.key() {
                Handle::Conference(conference) => Some((conference.clone(), entry.value().clone())),
                Handle::Leg(_) => None,
            })
            .collect()
    }

    pub(super) fn has_conference(&self, room: &Address) -> bool {
        self.0
            .iter()
            .any(|entry| matches!(entry.key(), Handle::Conference(_)) && entry.value() == room)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
