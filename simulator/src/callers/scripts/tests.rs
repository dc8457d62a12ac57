//! The scripts of the scenarios: drawn from the seed, within the contract.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn scripts(scenario: Scenario, seed: u64) -> Vec<CallerScript> {
    (0..200)
        .map(|index| scenario.script(Dice::new(seed), index, PATIENCE, Duration::from_secs(1)))
        .collect()
}

#[test]
fn one_seed_gives_one_set_of_scripts() {
    for (name, scenario) in Scenario::ALL {
        assert_eq!(scripts(scenario, 7), scripts(scenario, 7), "{name}");
    }
    assert_ne!(scripts(Scenario::Ivr, 7), scripts(Scenario::Ivr, 8));
}

#[test]
fn every_scenario_rings_its_own_number_and_most_callers_want_something() {
    for contract in super::super::contract::CONTRACTS {
        let scenario: Scenario = contract.scenario.parse().unwrap();
        let drawn = scripts(scenario, 3);
        assert!(drawn.iter().all(|script| script.to == contract.number));
        let wanting = drawn.iter().filter(|script| !script.goal.is_empty()).count();
        assert!(wanting > 160, "{scenario}: {wanting} of 200 (seed 3)");
    }
}

#[test]
fn no_two_callers_have_one_number_and_all_of_them_could_exist() {
    let numbers: HashSet<String> = (0..20_000).map(national).collect();
    assert_eq!(numbers.len(), 20_000);
    for number in numbers {
        assert_eq!(number.len(), 10);
        assert!(
            number.as_bytes()[0] >= b'2' && number.as_bytes()[3] >= b'2',
            "{number}"
        );
    }
}

#[test]
fn a_mix_has_something_of_everything() {
    let mixed: Vec<Scenario> = (0..9).map(|party| Scenario::Mix.of_party(party)).collect();
    for (name, scenario) in Scenario::ALL {
        assert_eq!(mixed.contains(&scenario), scenario != Scenario::Mix, "{name}");
    }
    assert_eq!(Scenario::Ivr.of_party(5), Scenario::Ivr);
}

#[test]
fn names_round_trip() {
    for (name, scenario) in Scenario::ALL {
        assert_eq!(scenario.to_string(), name);
        assert_eq!(name.parse::<Scenario>().unwrap(), scenario);
    }
    assert!("ivrs".parse::<Scenario>().is_err());
}
