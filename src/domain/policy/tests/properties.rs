//! What holds whatever policies, people, orders and clocks do.

use proptest::prelude::*;

use super::*;
use crate::domain::policy::may_decide::may_decide;

const NAMES: [&str; 7] = ["maker", "a", "b", "c", "d", "e", "robot"];
const GROUPS: [&str; 3] = ["Risk", "Finance", "Board"];

fn some_groups() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(&GROUPS[..], 0..=GROUPS.len())
}

fn some_stage() -> impl Strategy<Value = Stage> {
    let who = prop_oneof![4 => 0..GROUPS.len(), 1 => Just(GROUPS.len())];
    let seats = prop::collection::btree_map(who, 1..3_u32, 1..3);
    (seats, prop::option::of(1..3_u32)).prop_map(|(seats, number)| {
        let seat =
            |(at, count): (usize, u32)| GROUPS.get(at).map_or(anyone(count), |name| group(name, count));
        let seats: Vec<Seat> = seats.into_iter().map(seat).collect();
        match number {
            Some(number) => super::any("s", number, seats_of_one(seats)),
            None => all("s", seats),
        }
    })
}

/// A stage of the mode `any` counts no seats.
fn seats_of_one(seats: Vec<Seat>) -> Vec<Seat> {
    seats.into_iter().map(|seat| Seat { count: 1, ..seat }).collect()
}

fn some_approval() -> impl Strategy<Value = Approval> {
    (prop::collection::vec(some_stage(), 1..4), 1..3_u32, 0..3_u32).prop_map(|(stages, rejections, more)| {
        let plain = approval(stages);
        Approval { rejections, min_distinct_people: plain.min_distinct_people + more, ..plain }
    })
}

/// A people file of everybody: groups, somebody linked to another, and a robot with owners.
fn some_people() -> impl Strategy<Value = Vec<PersonEntry>> {
    let groups = prop::collection::vec(some_groups(), NAMES.len());
    let link = prop::option::of((0..6_usize, 0..6_usize));
    let owners = prop::sample::subsequence(&NAMES[..6], 0..3);
    (groups, link, owners, proptest::bool::ANY).prop_map(|(groups, link, owners, off)| {
        let mut entries: Vec<PersonEntry> =
            NAMES.iter().zip(groups).map(|(name, groups)| entry(name, &groups)).collect();
        entries[6].owners = owners.iter().map(|owner| (*owner).to_owned()).collect();
        entries[5].active = !off;
        if let Some((one, other)) = link.filter(|(one, other)| one != other) {
            let account = std::mem::replace(&mut entries[other].accounts[0], "nobody".to_owned());
            entries[one].accounts.push(account);
        }
        entries
    })
}

/// Who decides, with which groups in their token, who acts for them, and whether they reject.
type Turn = (usize, Vec<&'static str>, Option<usize>, bool);

fn some_turns() -> impl Strategy<Value = Vec<Turn>> {
    let act = prop_oneof![6 => Just(None), 1 => (0..NAMES.len()).prop_map(Some)];
    prop::collection::vec((0..NAMES.len(), some_groups(), act, prop::bool::weighted(0.08)), 0..16)
}

fn signer((who, groups, act, _): &Turn) -> Signer {
    let act = act.iter().map(|at| person(NAMES[*at])).collect();
    Signer { act, ..member(NAMES[*who], groups) }
}

fn verdict(turn: &Turn) -> Verdict {
    if turn.3 { Verdict::Rejected } else { Verdict::Approved }
}

fn play(approval: &Approval, people: &[PersonEntry], turns: &[Turn]) -> Case {
    let mut case = Case::new(approval.clone(), people.to_vec());
    for turn in turns {
        let _ = case.say(&signer(turn), verdict(turn));
    }
    case
}

/// Whether some choice of one capacity each fills the stage, by trying every one of them.
fn fills(stage: &Stage, people: &[&Said]) -> bool {
    fn assign(left: &mut Vec<u32>, stage: &Stage, people: &[&Said]) -> bool {
        if left.iter().all(|count| *count == 0) {
            return true;
        }
        let Some((first, rest)) = people.split_first() else { return false };
        for at in 0..left.len() {
            let fits = first.seat.capacities.iter().any(|own| own.fits(&stage.seats[at].who));
            if left[at] > 0 && fits {
                left[at] -= 1;
                let is_full = assign(left, stage, rest);
                left[at] += 1;
                if is_full {
                    return true;
                }
            }
        }
        assign(left, stage, rest)
    }
    match stage.mode {
        Mode::All => assign(&mut stage.seats.iter().map(|seat| seat.count).collect(), stage, people),
        Mode::Any(number) => people.len() >= number as usize,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_approved_without_the_people_of_the_policy(
        approval in some_approval(), people in some_people(), turns in some_turns(),
    ) {
        let case = play(&approval, &people, &turns);
        let yes: Vec<&Said> = case.said.iter().filter(|said| said.verdict == Verdict::Approved).collect();
        let complete = approval.stages.iter().enumerate().all(|(at, stage)| {
            let of: Vec<&Said> = yes.iter().filter(|said| said.seat.stage == at).copied().collect();
            fills(stage, &of)
        });
        let no = case.said.len() - yes.len();
        let enough = complete && yes.len() >= approval.min_distinct_people as usize;
        let ended = no >= approval.rejections as usize;
        prop_assert_eq!(case.progress().approved, enough && !ended);
        prop_assert_eq!(case.progress().rejected, ended);
        // It is open exactly if somebody could still help.
        prop_assert_eq!(case.progress().waits_for().is_empty(), enough || ended);
    }

    #[test]
    fn the_maker_never_counts_and_everybody_else_counts_once(
        approval in some_approval(), people in some_people(), turns in some_turns(),
    ) {
        let case = play(&approval, &people, &turns);
        let maker = case.maker.behind(&case.people);
        for (at, said) in case.said.iter().enumerate() {
            let own = said.by.behind(&case.people);
            prop_assert!(!own.overlaps(&maker));
            prop_assert!(case.people.is_active(&said.by.person, &said.by.act));
            for other in &case.said[..at] {
                prop_assert!(!own.overlaps(&other.by.behind(&case.people)));
            }
        }
        // Decisions that got in by another way don't count either.
        let mut forged = case.clone();
        forged.state = State::AdminTask;
        let seat_in = |stage| SigningSeat { stage, capacities: GROUPS.map(|name| Capacity::Group(name.to_owned())).to_vec() };
        for stage in 0..approval.stages.len() {
            let by = case.maker.clone();
            forged.said.push(Said { by, verdict: Verdict::Approved, seat: seat_in(stage) });
            forged.said.extend(case.said.clone());
        }
        prop_assert_eq!(forged.progress().approved, case.progress().approved);
        prop_assert_eq!(forged.progress().people_missing, case.progress().people_missing);
    }

    #[test]
    fn removing_a_permission_or_a_group_never_helps(
        approval in some_approval(), people in some_people(), turns in some_turns(),
        next in some_turns(), what in 0..5_usize,
    ) {
        let case = play(&approval, &people, &turns);
        for turn in &next {
            let before = signer(turn);
            let (mut after, mut less) = (before.clone(), case.clone());
            let mut changed = people.clone();
            match what {
                0 => after.permissions.clear(),
                1 => drop(after.groups.pop()),
                2 => drop(changed[turn.0].groups.pop()),
                3 => changed[turn.0].active = false,
                _ => after.org = OrgId::new("200"),
            }
            less.people = People::new(changed).unwrap();
            if less.may(&after, verdict(turn)).is_ok() {
                prop_assert!(case.may(&before, verdict(turn)).is_ok());
            }
        }
    }

    #[test]
    fn adding_an_approval_never_takes_one_away(
        approval in some_approval(), people in some_people(), turns in some_turns(),
    ) {
        let mut case = Case::new(approval, people);
        let mut before = case.progress();
        for turn in turns.iter().filter(|turn| !turn.3) {
            if case.approve(&signer(turn)).is_err() {
                continue;
            }
            let after = case.progress();
            prop_assert!(after.stage >= before.stage);
            prop_assert!(after.people_missing <= before.people_missing);
            for (one, other) in before.stages.iter().zip(&after.stages) {
                prop_assert!(!one.is_complete || other.is_complete);
                prop_assert!(one.decisions.iter().all(|at| other.decisions.contains(at)));
                let taken = |stage: &crate::domain::policy::progress::StageProgress| {
                    stage.seats.iter().map(|seat| seat.got).sum::<u32>()
                };
                prop_assert!(taken(one) <= taken(other));
                prop_assert!(other.needed.iter().all(|who| one.needed.contains(who)));
            }
            before = after;
        }
    }

    #[test]
    fn the_order_inside_a_stage_does_not_matter(
        approval in some_approval(), people in some_people(), turns in some_turns(), seed in proptest::num::u64::ANY,
    ) {
        let case = play(&approval, &people, &turns);
        let mut other = case.clone();
        let key = |said: &Said| seed.wrapping_mul(said.by.person.sub.len() as u64 + u64::from(said.by.person.sub.as_bytes()[4]) * 7_919) >> 7;
        other.said.sort_by_key(|said| (said.seat.stage, key(said)));
        let (one, other) = (case.progress(), other.progress());
        prop_assert_eq!((one.stage, one.approved, one.rejected), (other.stage, other.approved, other.rejected));
        prop_assert_eq!(one.people_missing, other.people_missing);
        prop_assert_eq!(one.waits_for(), other.waits_for());
    }

    #[test]
    fn plain_people_complete_one_stage_in_whatever_order_they_come(
        stage in some_stage(), turns in some_turns(), by in prop::sample::select((0..16_usize).collect::<Vec<_>>()),
    ) {
        let mut one: Vec<Turn> = Vec::new();
        for turn in turns {
            if one.iter().all(|other| other.0 != turn.0) {
                one.push((turn.0, turn.1, None, false));
            }
        }
        let mut other = one.clone();
        other.reverse();
        let middle = by.min(other.len());
        other.rotate_left(middle);
        let approval = approval(vec![stage]);
        let (one, other) = (play(&approval, &[], &one), play(&approval, &[], &other));
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(one.said.len(), other.said.len());
    }

    #[test]
    fn no_one_decides_from_the_deadline_on(
        approval in some_approval(), people in some_people(), turns in some_turns(), late in 0..10_i64,
    ) {
        let case = play(&approval, &people, &turns);
        for turn in &turns {
            let at = start() + TimeDelta::hours(1) + TimeDelta::microseconds(late);
            prop_assert!(case.with(|context, policy| may_decide(&signer(turn), context, policy, at)).is_err());
        }
    }
}
