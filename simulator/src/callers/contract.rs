//! The contract between scenarios and flows: numbers, addresses, keys and words that both sides rely on.
//!
//! The one table of the simulator's README in code. Scripts and the book of targets are made from it; a flow that
//! is run under a scenario is configured with it. Nothing here acts.

use std::time::Duration;

use crate::book::Book;
use crate::target::{FarEnd, FarEndAnswer, Who};

/// What a scenario needs of the program under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// The flow that must be behind the number.
    pub flow: &'static str,
    /// The called, or texted, number.
    pub number: &'static str,
    /// Addresses that the flow must know, by the names that its variables have.
    pub addresses: &'static [(&'static str, &'static str)],
}

/// Menu 1, 2, 3 to departments.
pub const IVR: Contract = Contract {
    scenario: "ivr",
    flow: "contact-center",
    number: "+15550400001",
    addresses: &[("sales", SALES), ("support", SUPPORT), ("porting", PORTING)],
};
/// Ten digits, read back, one text.
pub const CALLBACK: Contract = Contract {
    scenario: "callback",
    flow: "text-response",
    number: "+15550400002",
    addresses: &[],
};
/// Texts that are answered.
pub const SMS: Contract = Contract {
    scenario: "sms",
    flow: "call-centre",
    number: "+15550400003",
    addresses: &[],
};
/// Several agents ring, the first to press 1 gets the caller.
pub const RING_GROUP: Contract = Contract {
    scenario: "ring-group",
    flow: "ring-group",
    number: "+15550400004",
    addresses: &[
        ("agent_1", AGENT_ACCEPTS),
        ("agent_2", AGENT_BUSY),
        ("agent_3", AGENT_SILENT),
        ("agent_4", AGENT_MACHINE),
    ],
};
/// The owner does not answer; a message, and a text to the owner.
pub const VOICEMAIL: Contract = Contract {
    scenario: "voicemail",
    flow: "voicemail",
    number: "+15550400005",
    addresses: &[("owner", OWNER)],
};
/// Callers wait for agents.
pub const QUEUE: Contract = Contract {
    scenario: "queue",
    flow: "queue",
    number: "+15550400006",
    addresses: &[],
};

/// All of them; `conference` needs nothing but the default route.
pub const CONTRACTS: &[Contract] = &[IVR, CALLBACK, SMS, RING_GROUP, VOICEMAIL, QUEUE];

/// Department behind key 1: answers.
pub const SALES: &str = "sip:sales@departments.example";
/// Department behind key 2: engaged.
pub const SUPPORT: &str = "sip:support@departments.example";
/// Department behind key 3: lets it ring.
pub const PORTING: &str = "sip:porting@departments.example";
/// Agent who answers last and presses 1.
pub const AGENT_ACCEPTS: &str = "+15550401001";
/// Agent who is engaged.
pub const AGENT_BUSY: &str = "+15550401002";
/// Agent who lets it ring.
pub const AGENT_SILENT: &str = "+15550401003";
/// Agent whose answering machine picks up first and presses nothing.
pub const AGENT_MACHINE: &str = "+15550401004";
/// The owner of the mailbox: does not answer calls, gets texts.
pub const OWNER: &str = "+15550402001";
/// Beginning of the numbers of the agents of the queue.
pub const QUEUE_AGENTS: &str = "+155504030";
/// How many agents the queue has: two digits follow the beginning, from 01.
pub const QUEUE_AGENT_COUNT: u32 = 20;
/// What a queue says to those whom it does not give an agent.
pub const ALL_BUSY: &str = "busy";
/// A word that a text may say and that has a reply of its own.
pub const KEYWORD: &str = "hours";

/// The number of one agent of the queue, from 1.
pub fn queue_agent(number: u32) -> String {
    format!("{QUEUE_AGENTS}{number:02}")
}

/// Who is behind the addresses of the contract.
pub fn targets() -> Book<FarEnd> {
    let mut book = Book::default();
    let milliseconds = Duration::from_millis;
    // Whatever the host: a flow's own settings name the departments.
    book.set("sip:sales@*", FarEnd::default());
    book.set("sip:support@*", FarEnd::that(FarEndAnswer::Busy));
    book.set("sip:porting@*", FarEnd::that(FarEndAnswer::NoAnswer));
    let behind = |contract: &Contract, far_end: FarEnd| FarEnd {
        room: Some(contract.scenario.to_owned()),
        ..far_end
    };
    for (number, answer) in [
        (AGENT_BUSY, FarEndAnswer::Busy),
        (AGENT_SILENT, FarEndAnswer::NoAnswer),
    ] {
        book.set(number, behind(&RING_GROUP, FarEnd::that(answer)));
    }
    book.set(OWNER, behind(&VOICEMAIL, FarEnd::that(FarEndAnswer::NoAnswer)));
    let machine = FarEnd {
        after: milliseconds(200),
        who: Who::Machine {
            greeting: milliseconds(500),
            beep: true,
        },
        ..FarEnd::default()
    };
    book.set(AGENT_MACHINE, behind(&RING_GROUP, machine));
    let accepts = FarEnd {
        after: milliseconds(600),
        presses: vec!["1".to_owned()],
        ..FarEnd::default()
    };
    book.set(AGENT_ACCEPTS, behind(&RING_GROUP, accepts));
    let agent = FarEnd {
        talk_bridged: Some(milliseconds(1_000)),
        presses: vec!["1".to_owned()],
        one_line: true,
        ..FarEnd::default()
    };
    book.set(&format!("{QUEUE_AGENTS}*"), behind(&QUEUE, agent));
    book
}
