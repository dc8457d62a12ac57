//! What a scenario of the simulated callers needs of our own orchestrator: routes to flows, and the addresses in them.

use std::fmt::Write as _;

use cordboard_simulator::{Contract, Scenario, contract};

/// The configuration file for a scenario; `None` when the default routes will do.
pub(super) fn configuration(scenario: Scenario) -> Option<String> {
    let name = scenario.to_string();
    let fits = |contract: &&Contract| scenario == Scenario::Mix || contract.scenario == name;
    // Texts come without a call: their number needs no route.
    let calls = |contract: &&Contract| contract.scenario != contract::SMS.scenario;
    let needed: Vec<&Contract> = contract::CONTRACTS.iter().filter(fits).filter(calls).collect();
    let mut text = numbers(scenario);
    if needed.is_empty() {
        return (!text.is_empty()).then_some(text);
    }
    for contract in &needed {
        let _ = writeln!(
            text,
            "[[route]]\nnumber = \"{}\"\nflow = \"{}\"\n",
            contract.number, contract.flow
        );
    }
    // Everybody else meets in conferences.
    text.push_str("[[route]]\nroom = \"called-number\"\n\n[flows.vars]\n");
    for (name, address) in needed.iter().flat_map(|contract| contract.addresses) {
        let _ = writeln!(text, "{name} = \"{address}\"");
    }
    Some(text)
}

/// The numbers that send or answer texts in a scenario. Their budgets are those of a load, not of a number that people
/// pay for: all texts of a scenario come from one number, and some go to one phone.
fn numbers(scenario: Scenario) -> String {
    let name = scenario.to_string();
    let mut text = String::new();
    for contract in [contract::CALLBACK, contract::SMS, contract::VOICEMAIL] {
        if scenario == Scenario::Mix || contract.scenario == name {
            let _ = writeln!(
                text,
                "[[number]]\nnumber = \"{}\"\nreplies = \"call-centre\"\nhelp = \"Call this number, or text STOP.\"\n",
                contract.number
            );
        }
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "[messages]\nper_minute = 6000\nin_flight = 32\nqueue = 500\nper_pair_hour = 10000\nper_hour = 1000000\n\
         per_day = 1000000\n\n{text}"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_scenarios_with_flows_need_a_file() {
        assert_eq!(configuration(Scenario::Conference), None);
        let text = configuration(Scenario::Ivr).unwrap();
        assert!(text.contains("flow = \"contact-center\"") && text.contains("sales = \"sip:sales@"));
        let mixed = configuration(Scenario::Mix).unwrap();
        for contract in contract::CONTRACTS {
            let routed = mixed.contains(&format!("[[route]]\nnumber = \"{}\"", contract.number));
            assert_eq!(routed, contract.scenario != "sms", "{}", contract.scenario);
        }
    }
}
