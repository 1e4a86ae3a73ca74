//! Who may decide, who is needed, and who turns out to be another.

use super::*;
use crate::domain::policy::may_decide::{may_decide, still_allowed};

/// One of Risk and one of Finance.
fn risk_and_finance() -> Approval {
    approval(vec![all("Both", vec![group("Risk", 1), group("Finance", 1)])])
}

fn still(case: &Case) -> Result<(), String> {
    case.with(still_allowed)
}

#[test]
fn one_checker_is_enough_under_the_default_policy_and_never_the_maker() {
    let mut case = Case::new(approval(vec![all("Checker", vec![anyone(1)])]), vec![]);
    assert_eq!(case.code(&checker("maker")), "maker_is_checker");
    case.approve(&checker("anna")).unwrap();
    assert_eq!(case.state, State::Approved);
    assert_eq!(case.code(&checker("bob")), "request_closed");
    assert_eq!(case.code(&checker("anna")), "already_decided_by_you");
}

#[test]
fn the_refusals_come_in_one_order_and_each_says_what_to_do() {
    let mut case = Case::new(risk_and_finance(), vec![entry("left", &["Risk"])]);
    let mut entries = vec![entry("left", &["Risk"])];
    entries[0].active = false;
    case.people = People::new(entries).unwrap();
    let stranger = Signer { org: OrgId::new("200"), permissions: Vec::new(), ..checker("maker") };
    let powerless = Signer { permissions: vec![Permission::Make], ..checker("maker") };
    case.approve(&member("anna", &["Risk"])).unwrap();
    for (who, code, sentence) in [
        (stranger, "not_found", "This request belongs to another org. Ask a checker of that org."),
        (powerless, "permission_missing", "Your token does not grant CanCheckRequest"),
        (member("left", &["Finance"]), "person_inactive", "The people file has switched your account off"),
        (member("maker", &["Finance"]), "maker_is_checker", "You submitted this request"),
        (member("anna", &["Finance"]), "already_decided_by_you", "You decided this request before"),
        (
            member("bob", &["Sales"]),
            "not_in_stage",
            "Stage Both waits for Finance: 0 of 1, and you hold none",
        ),
        (
            member("bob", &["Risk"]),
            "not_needed",
            "Your seat in stage Both is filled; it waits for Finance: 0 of 1.",
        ),
    ] {
        let why = case.may(&who, Verdict::Approved).unwrap_err();
        assert_eq!(why.code().name(), code);
        assert!(why.sentence().starts_with(sentence), "{}", why.sentence());
    }
    let bob = member("bob", &["Finance"]);
    let late =
        case.with(|context, policy| may_decide(&bob, context, policy, context.expires_at)).unwrap_err();
    assert_eq!(late.code().name(), "request_expired");
    assert!(late.sentence().contains("2027-01-15T09:00:00Z"), "{}", late.sentence());
    case.state = State::Withdrawn;
    let closed = case.may(&bob, Verdict::Approved).unwrap_err();
    assert_eq!(
        closed.sentence(),
        "This request is withdrawn and takes no more decisions. Your call changed nothing."
    );
}

#[test]
fn the_maker_is_found_behind_links_act_chains_and_service_accounts() {
    let linked =
        PersonEntry { accounts: vec!["sub-maker".to_owned(), "id-second".to_owned()], ..entry("maker", &[]) };
    let case = Case::new(
        approval(vec![all("Checker", vec![anyone(1)])]),
        vec![linked, service("robot", &["maker"]), service("arm", &["robot"])],
    );
    assert_eq!(case.code(&checker("second")), "maker_is_checker");
    assert_eq!(case.code(&checker("robot")), "maker_is_checker");
    assert_eq!(case.code(&checker("arm")), "maker_is_checker");
    let acting = Signer { act: vec![person("maker")], ..checker("anna") };
    assert_eq!(case.code(&acting), "maker_is_checker");
    let mut other = case.clone();
    other.maker = Signer { act: vec![person("anna")], ..checker("gateway") };
    assert_eq!(other.code(&checker("anna")), "maker_is_checker");
    assert_eq!(other.code(&checker("robot")), "not_in_stage", "not the maker's, but still a robot");
    let elsewhere = Signer { person: Person { iss: "idp2".to_owned(), ..person("x") }, ..checker("x") };
    assert_eq!(case.code(&elsewhere), "may");
}

#[test]
fn a_service_account_acts_as_long_as_one_owner_is_active() {
    let build = |anna: bool, bob: bool| {
        let off = |name, active| PersonEntry { active, ..entry(name, &[]) };
        let entries = vec![off("anna", anna), off("bob", bob), service("robot", &["anna", "bob"])];
        let robot = Seat { who: Capacity::Account("sub-robot".to_owned()), count: 1 };
        Case::new(approval(vec![any("Checker", 1, vec![anyone(1), robot])]), entries)
    };
    assert_eq!(build(true, false).code(&checker("robot")), "may");
    assert_eq!(build(false, false).code(&checker("robot")), "person_inactive");
    let behind = Signer { act: vec![person("bob")], ..checker("carl") };
    assert_eq!(build(true, false).code(&behind), "person_inactive");
}

#[test]
fn no_one_counts_twice_not_in_another_stage_and_not_through_a_service_account() {
    let robot = Seat { who: Capacity::Account("sub-robot".to_owned()), count: 1 };
    let stages = vec![all("One", vec![robot]), all("Two", vec![anyone(1)])];
    let mut case = Case::new(approval(stages), vec![entry("anna", &[]), service("robot", &["anna"])]);
    case.approve(&checker("robot")).unwrap();
    assert_eq!(case.progress().stage, 1);
    assert_eq!(case.code(&checker("anna")), "already_decided_by_you");
    case.approve(&checker("bob")).unwrap();
    assert_eq!(case.state, State::Approved);
}

#[test]
fn a_person_of_two_groups_takes_the_seat_that_is_left() {
    let both = member("anna", &["Risk", "Finance"]);
    let risk = member("bob", &["Risk"]);
    for order in [[&both, &risk], [&risk, &both]] {
        let mut case = Case::new(risk_and_finance(), vec![]);
        case.approve(order[0]).unwrap();
        assert_eq!(case.state, State::AdminTask, "one person fills one seat");
        case.approve(order[1]).unwrap();
        assert_eq!(case.state, State::Approved);
    }
    let mut case = Case::new(risk_and_finance(), vec![]);
    case.approve(&both).unwrap();
    assert_eq!(case.progress().waits_for().len(), 2, "whoever comes, Anna moves over");
}

#[test]
fn groups_come_from_the_people_file_and_from_the_token() {
    let mut case = Case::new(risk_and_finance(), vec![entry("anna", &["Risk"])]);
    case.approve(&checker("anna")).unwrap();
    assert_eq!(case.said[0].seat.capacities, [Capacity::Group("Risk".to_owned())]);
    case.approve(&member("bob", &["Finance"])).unwrap();
    assert_eq!(case.said[1].seat.capacities, [Capacity::ClaimedGroup("Finance".to_owned())]);
    assert_eq!(case.state, State::Approved);
}

#[test]
fn an_empty_group_has_no_members() {
    let case = Case::new(risk_and_finance(), vec![]);
    let why = case.may(&checker("anna"), Verdict::Approved).unwrap_err();
    assert_eq!(
        why.sentence(),
        "Stage Both waits for Risk: 0 of 1, Finance: 0 of 1, and you hold none of its seats. \
         Ask one who does."
    );
}

#[test]
fn any_two_asks_for_two_people_of_any_seat() {
    let mut case =
        Case::new(approval(vec![any("Two", 2, vec![group("Risk", 1), group("Finance", 1)])]), vec![]);
    case.approve(&member("anna", &["Risk"])).unwrap();
    let stage = case.progress().stages.remove(0);
    assert_eq!(stage.any, Some((2, 1)));
    assert_eq!(stage.still_needed(1), ["any of Risk, Finance: 1 of 2"]);
    case.approve(&member("bob", &["Risk"])).unwrap();
    assert_eq!(case.state, State::Approved);
}

#[test]
fn a_stage_waits_for_the_one_before_it() {
    let stages = vec![all("Risk", vec![group("Risk", 1)]), all("Finance", vec![group("Finance", 1)])];
    let mut case = Case::new(approval(stages), vec![]);
    assert_eq!(case.code(&member("bob", &["Finance"])), "not_in_stage");
    case.approve(&member("anna", &["Risk"])).unwrap();
    assert_eq!(case.progress().waits_for(), [Capacity::Group("Finance".to_owned())]);
    case.approve(&member("bob", &["Finance"])).unwrap();
    assert_eq!(case.state, State::Approved);
    assert!(case.progress().waits_for().is_empty());
}

#[test]
fn the_last_stage_stays_open_until_enough_people_approved() {
    let stages = vec![all("One", vec![anyone(1)]), all("Two", vec![group("Risk", 1)])];
    let mut case = Case::new(Approval { min_distinct_people: 3, ..approval(stages) }, vec![]);
    case.approve(&checker("anna")).unwrap();
    case.approve(&member("bob", &["Risk"])).unwrap();
    assert_eq!(case.state, State::AdminTask);
    let progress = case.progress();
    assert_eq!(progress.people_missing, 1);
    assert_eq!(progress.stages[1].still_needed(1), ["1 more person of Risk"]);
    assert_eq!(case.code(&checker("carl")), "not_in_stage");
    case.approve(&member("carl", &["Risk"])).unwrap();
    assert_eq!(case.state, State::Approved);
}

#[test]
fn one_rejection_ends_it_unless_the_rule_says_more() {
    let mut case = Case::new(risk_and_finance(), vec![]);
    assert_eq!(case.reject(&checker("anna")).unwrap_err().code().name(), "not_in_stage");
    case.approve(&member("anna", &["Risk"])).unwrap();
    // Their seat is filled, but they could sign for it.
    let mut two = case.clone();
    case.reject(&member("bob", &["Risk"])).unwrap();
    assert_eq!(case.state, State::Rejected);
    assert!(case.progress().waits_for().is_empty());
    two.approval.rejections = 2;
    two.reject(&member("bob", &["Risk"])).unwrap();
    assert_eq!(
        (two.state, two.code(&member("bob", &["Finance"]))),
        (State::AdminTask, "already_decided_by_you")
    );
    two.reject(&member("carl", &["Finance"])).unwrap();
    assert_eq!(two.state, State::Rejected);
    assert_eq!(two.progress().stages[0].decisions, [0, 1, 2]);
}

/// Anna of Risk and Bob of Finance approved, both listed in the people file.
fn approved() -> (Case, Vec<PersonEntry>) {
    let entries = vec![entry("maker", &[]), entry("anna", &["Risk"]), entry("bob", &["Finance", "Risk"])];
    let mut case = Case::new(risk_and_finance(), entries.clone());
    case.approve(&checker("anna")).unwrap();
    case.approve(&checker("bob")).unwrap();
    assert_eq!(case.state, State::Approved);
    (case, entries)
}

#[test]
fn before_the_execution_everybody_must_still_be_who_he_was() {
    let (mut case, entries) = approved();
    assert_eq!(still(&case), Ok(()));
    let mut told = |change: &dyn Fn(&mut Vec<PersonEntry>)| {
        let mut changed = entries.clone();
        change(&mut changed);
        case.people = People::new(changed).unwrap();
        still(&case).unwrap_err()
    };
    assert_eq!(told(&|all| all[0].active = false), "the maker, maker, is no longer active");
    assert_eq!(told(&|all| all[1].active = false), "anna, who approved, is no longer active");
    assert_eq!(told(&|all| all[1].groups.clear()), "anna, who approved, is no longer in Risk");
    assert_eq!(told(&|all| drop(all[2].groups.remove(0))), "bob, who approved, is no longer in Finance");
    assert_eq!(told(&|all| drop(all.remove(1))), "anna, who approved, is no longer in Risk");
    let link = |all: &mut Vec<PersonEntry>, one: usize, other: usize| {
        let account = std::mem::replace(&mut all[other].accounts[0], "nobody".to_owned());
        all[one].accounts.push(account);
        let groups = all[other].groups.clone();
        all[one].groups.extend(groups);
    };
    assert_eq!(told(&|all| link(all, 0, 1)), "anna, who approved, is the same person as maker");
    assert_eq!(told(&|all| link(all, 1, 2)), "bob, who approved, is the same person as anna");
    case.people = People::none();
    assert!(still(&case).is_err(), "what the file said can't be seen any more");
}

#[test]
fn a_capacity_that_a_token_claimed_still_counts_at_the_execution() {
    let mut case = Case::new(risk_and_finance(), vec![entry("anna", &["Risk"]), entry("bob", &["Finance"])]);
    case.approve(&member("anna", &["Risk"])).unwrap();
    case.approve(&member("bob", &["Finance"])).unwrap();
    case.people = People::new(vec![entry("anna", &[])]).unwrap();
    assert_eq!(still(&case), Ok(()));
}
