//! What calls and queues told each other, in the words of a timeline.

use cordboard_core::queue::word::{CallWord, QueueRefusal, QueueWord};

/// What a call told a queue.
pub(super) fn by_call(word: &CallWord) -> &'static str {
    match word {
        CallWord::Join { .. } => "join_queue",
        CallWord::Asks => "asks_place",
        CallWord::Waits => "waits",
        CallWord::Rings { .. } => "agent_rings",
        CallWord::Talks { .. } => "agent_talks",
        CallWord::Declined { .. } => "agent_declined",
        CallWord::Left => "left_queue",
    }
}

/// What a queue told a call.
pub(super) fn by_queue(word: &QueueWord) -> &'static str {
    match word {
        QueueWord::Place { .. } => "place",
        QueueWord::Refused(QueueRefusal::Full) => "queue_full",
        QueueWord::Refused(QueueRefusal::NoAgents) => "queue_without_agents",
        QueueWord::Offer { .. } => "agent_offered",
        QueueWord::Check => "queue_checks",
        QueueWord::Unknown => "unknown_to_queue",
    }
}
