//! Who is one person: accounts, their spellings, service accounts and the people file.

use proptest::prelude::*;

use super::{any, *};
use crate::domain::caseless;
use crate::domain::person_key::PersonKey;
use crate::domain::policy::capacities::capacities;
use crate::domain::policy::may_decide::still_allowed;

/// Somebody whose token has this one id for everything.
fn account(id: &str) -> Signer {
    let person =
        Person { iss: "idp".into(), sub: id.into(), user_id: id.into(), user_name: "Somebody".into() };
    Signer { person, ..checker("x") }
}

/// An entry of the people file with these accounts.
fn listed(name: &str, accounts: &[&str], groups: &[&str]) -> PersonEntry {
    PersonEntry { accounts: accounts.iter().map(|id| (*id).to_owned()).collect(), ..entry(name, groups) }
}

/// A seat for one account.
fn seat_of(account: &str) -> Seat {
    Seat { who: Capacity::Account(account.to_owned()), count: 1 }
}

/// Other spellings of one id: case, width, composition, German and Turkish.
const SPELLINGS: [[&str; 2]; 6] = [
    ["mara.lind@example.com", "Mara.Lind@Example.com"],
    ["weiß", "WEISS"],
    ["i\u{307}pek", "İpek"],
    ["u-40001", "Ｕ-４０００１"],
    ["zoë", "ZOE\u{308}"],
    ["σοφος", "ΣΟΦΟΣ"],
];

#[test]
fn a_maker_in_another_spelling_is_the_maker_and_a_checker_counts_once() {
    for [one, other] in SPELLINGS {
        let mut case = Case::new(approval(vec![all("Checkers", vec![anyone(2)])]), vec![]);
        case.maker = account(one);
        assert_eq!(case.code(&account(other)), "maker_is_checker", "{other}");
        case.maker = account("somebody else");
        case.approve(&account(other)).unwrap();
        assert_eq!(case.code(&account(one)), "already_decided_by_you", "{one}");
        // The same id of another issuer is somebody else, and so is a neighbour.
        let mut elsewhere = account(one);
        elsewhere.person.iss = "idp2".into();
        assert_eq!(case.code(&elsewhere), "may");
        assert_eq!(case.code(&account(&format!("{one}2"))), "may");
    }
}

#[test]
fn a_group_needs_the_accounts_own_spelling_and_the_refusal_names_it() {
    for [exact, other] in SPELLINGS {
        let case = Case::new(
            approval(vec![all("Risk", vec![group("Risk", 1)])]),
            vec![listed("L", &[exact], &["Risk"])],
        );
        assert_eq!(case.code(&account(exact)), "may");
        let why = case.may(&account(other), Verdict::Approved).unwrap_err();
        assert_eq!(why.code().name(), "not_in_stage");
        assert!(
            why.sentence().contains(&format!("lists your account as {exact}, which")),
            "{}",
            why.sentence()
        );
        // No word of a spelling to whom it would not help.
        let sales =
            Case::new(approval(vec![all("Sales", vec![group("Sales", 1)])]), case.people.entries().to_vec());
        assert!(!sales.may(&account(other), Verdict::Approved).unwrap_err().sentence().contains(exact));
    }
}

#[test]
fn whoever_is_switched_off_is_so_in_every_spelling() {
    for [exact, other] in SPELLINGS {
        let off = PersonEntry { active: false, ..listed("Left", &[exact], &[]) };
        let case = Case::new(approval(vec![all("Checker", vec![anyone(1)])]), vec![off]);
        assert_eq!(case.code(&account(other)), "person_inactive");
        let mut through = account("somebody");
        through.act = vec![account(other).person];
        assert_eq!(case.code(&through), "person_inactive");
    }
}

#[test]
fn accounts_of_one_entry_are_one_person_with_one_key_in_every_spelling_and_under_every_issuer() {
    let people = People::new(vec![listed("Mara", &["mara", "Mara.Admin"], &[])]).unwrap();
    let mut abroad = account("MARA").person;
    abroad.iss = "idp2".into();
    for other in [account("mara.admin").person, account("MARA.ADMIN").person, abroad] {
        let one = account("mara").person;
        assert!(people.is_one_person(&one, &other));
        assert_eq!(people.key_of(&other), PersonKey::of_entry("Mara"));
    }
    let stranger = account("maria").person;
    assert!(!people.is_one_person(&account("mara").person, &stranger));
    assert_eq!(people.key_of(&stranger), stranger.key());
}

#[test]
fn what_is_a_persons_alone_needs_their_account_as_it_is_spelled() {
    let people =
        People::new(vec![listed("Mara", &["mara", "Mara.Admin"], &[]), listed("Pia", &["pia"], &[])])
            .unwrap();
    let of = |iss: &str, sub: &str, user_id: &str| Person {
        iss: iss.into(),
        sub: sub.into(),
        user_id: user_id.into(),
        user_name: String::new(),
    };
    let maker = of("idp", "mara", "7");
    for (other, is_own) in [
        (of("idp", "mara", "8"), true),
        (of("idp", "other", "7"), true),
        (of("idp", "Mara.Admin", "8"), true),
        (of("abroad", "Mara.Admin", "8"), true),
        (of("idp", "8", "Mara.Admin"), true),
        (of("idp", "MARA", "8"), false),
        (of("idp", "mara.admin", "8"), false),
        (of("abroad", "x", "7"), false),
        (of("idp", "pia", "8"), false),
    ] {
        assert_eq!(people.is_own_account(&maker, &other), is_own, "{other:?}");
        assert_eq!(people.is_own_account(&other, &maker), is_own, "{other:?}");
        assert!(!is_own || people.is_one_person(&maker, &other), "{other:?}");
    }
}

#[test]
fn one_entrys_account_is_no_spelling_of_anothers() {
    for [one, other] in SPELLINGS {
        let faults =
            People::new(vec![listed("One", &[one], &[]), listed("Two", &["two", other], &[])]).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].field, "/people/1/accounts/1");
        let wish = format!("Leave this account out; it is One's, spelled {one} there.");
        assert_eq!(faults[0].message, wish);
        assert!(People::new(vec![listed("One", &[one, other], &[])]).is_ok());
    }
}

#[test]
fn a_service_account_decides_only_where_a_seat_names_it() {
    let bot =
        |groups: &[&str]| PersonEntry { owners: vec!["Olga".into()], ..listed("Bot", &["svc-bot"], groups) };
    let entries = vec![listed("Olga", &["olga"], &["Risk"]), bot(&["Risk"])];
    let stages = [
        all("Checker", vec![anyone(1)]),
        all("Risk", vec![group("Risk", 1)]),
        any("Any", 1, vec![anyone(1), group("Risk", 1)]),
        all("Another", vec![seat_of("svc-other")]),
    ];
    for stage in stages {
        let case = Case::new(approval(vec![stage]), entries.clone());
        for verdict in [Verdict::Approved, Verdict::Rejected] {
            let claims = Signer { groups: vec!["Risk".into()], ..account("svc-bot") };
            for signer in [account("svc-bot"), account("SVC-Bot"), claims] {
                let why = case.may(&signer, verdict).unwrap_err();
                assert_eq!(why.code().name(), "not_in_stage");
                assert!(why.sentence().contains("A service account decides only where a seat names it."));
            }
        }
        // Nor does a person through whose token it acts.
        let through = Signer { act: vec![account("svc-bot").person], ..account("pia") };
        assert_eq!(case.code(&through), "not_in_stage");
    }
    let mut case = Case::new(approval(vec![any("Robot", 1, vec![seat_of("svc-bot"), anyone(1)])]), entries);
    assert_eq!(case.code(&account("SVC-BOT")), "not_in_stage", "a seat needs the exact spelling");
    case.maker = account("OLGA");
    assert_eq!(case.code(&account("svc-bot")), "maker_is_checker", "its owner is behind it");
    case.maker = account("maker");
    case.approve(&account("svc-bot")).unwrap();
    assert_eq!(case.said[0].seat.capacities, [Capacity::Account("svc-bot".to_owned())]);
    assert_eq!(case.code(&account("olga")), "already_decided_by_you");
    assert_eq!(case.with(still_allowed), Ok(()));
    case.people = People::new(vec![listed("Olga", &["olga"], &[])]).unwrap();
    assert!(case.with(still_allowed).unwrap_err().contains("no longer in svc-bot"));
}

#[test]
fn a_seat_may_name_a_persons_account() {
    let entries = vec![listed("Pia", &["pia", "pia.admin"], &[])];
    let case = Case::new(approval(vec![all("Pia", vec![seat_of("pia")])]), entries);
    assert_eq!(case.code(&account("pia")), "may");
    for other in ["pia.admin", "Pia", "pio"] {
        assert_eq!(case.code(&account(other)), "not_in_stage", "{other}");
    }
    let unlisted = Case::new(case.approval, vec![]);
    assert_eq!(unlisted.code(&account("pia")), "not_in_stage", "the file vouches for an account");
}

#[test]
fn an_id_that_looks_like_somebody_listed_is_found_and_another_spelling_is_not() {
    let people = People::new(vec![listed("Alice Bern", &["u-alice", "400010"], &[])]).unwrap();
    for (id, like) in [
        ("u-\u{430}lice", "u-alice"),
        ("U-\u{410}LICE", "u-alice"),
        ("u-al\u{131}ce", "u-alice"),
        ("4000l0", "400010"),
        ("Alice Bem", "Alice Bern"),
    ] {
        let found = people.look_alike(&account(id).person, id);
        assert_eq!(found, Some((like, "Alice Bern")), "{id}");
    }
    for id in ["u-alice", "U-ALICE", "u-alicia", "400011", "alice bern", "u-bob", "400001"] {
        assert_eq!(people.look_alike(&account(id).person, id), None, "{id}");
    }
}

/// A few letters whose spellings matter.
fn some_id() -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!["a", "b", "ß", "i\u{307}", "é", "σ", "1", "@", "ff", "ж"]);
    prop::collection::vec(letter, 1..6).prop_map(|letters| letters.concat())
}

/// The id in another spelling, chosen by the letters of `how`.
fn respelled(id: &str, how: u8) -> String {
    match how % 5 {
        0 => id.to_uppercase(),
        1 => id.replace('a', "ａ").replace('1', "１"),
        2 => id.replace('é', "e\u{301}").replace("ff", "ﬀ"),
        3 => id.replace('ß', "ẞ").replace("i\u{307}", "İ"),
        _ => id.replace('b', "B"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn two_spellings_of_one_id_never_make_two_votes(
        id in some_id(), hows in prop::collection::vec(prop::num::u8::ANY, 1..5), is_listed in prop::bool::ANY,
    ) {
        let entries = if is_listed { vec![listed("L", &[&id], &["Risk"])] } else { vec![] };
        let stage = any_stage();
        let mut case = Case::new(approval(vec![stage]), entries);
        case.maker = account("the maker");
        let mut said = 0;
        for how in hows {
            let spelling = respelled(&id, how);
            prop_assert!(caseless::is_same(&spelling, &id), "{:?}", spelling);
            said += usize::from(case.approve(&account(&spelling)).is_ok());
        }
        prop_assert!(said <= 1);
        case.maker = account(&id);
        case.said.clear();
        prop_assert_eq!(case.code(&account(&respelled(&id, 0))), "maker_is_checker");
    }

    #[test]
    fn another_spelling_never_grants_what_the_exact_one_does_not(
        id in some_id(), how in prop::num::u8::ANY, is_service in prop::bool::ANY, is_active in prop::bool::ANY,
    ) {
        let mut robot = PersonEntry { active: is_active, ..listed("L", &[&id], &["Risk"]) };
        if is_service {
            robot.owners = vec!["Olga".into()];
        }
        let people = People::new(vec![robot, listed("Olga", &["olga"], &[])]).unwrap();
        let stage = any("S", 1, vec![group("Risk", 1), anyone(1), seat_of(&id)]);
        let (exact, other) = (account(&id), account(&respelled(&id, how)));
        let granted = capacities(&exact, &stage, &people);
        prop_assert!(capacities(&other, &stage, &people).iter().all(|own| granted.contains(own)));
        prop_assert_eq!(
            people.is_active(&other.person, &[]), people.is_active(&exact.person, &[])
        );
        prop_assert!(people.groups_of(&other.person).is_subset(&people.groups_of(&exact.person)));
    }
}

/// Three of anybody.
fn any_stage() -> Stage {
    any("Three", 3, vec![group("Risk", 1), anyone(1)])
}

#[test]
fn checkers_and_auditors_read_their_org_and_everybody_reads_their_own_requests() {
    let org = OrgId::new("90001");
    let reads = |user_id: &str, permissions: &[Permission], asked: &OrgId| {
        let signer = Signer {
            person: account(user_id).person,
            act: vec![],
            permissions: permissions.to_vec(),
            groups: vec![],
            has_unread_groups: false,
            org: org.clone(),
            signed_in_at: None,
        };
        signer.may_read(&People::none(), asked, &account("maker").person)
    };
    assert!(reads("maker", &[Permission::Make], &org));
    assert!(reads("maker", &[], &org));
    assert!(reads("other", &[Permission::Check], &org));
    assert!(reads("other", &[Permission::Audit], &org));
    assert!(!reads("other", &[Permission::Make], &org));
    assert!(!reads("other", &[], &org));
    assert!(!reads("maker", &Permission::ALL, &OrgId::new("90002")));
}

#[test]
fn a_condition_on_a_maker_whose_groups_are_not_clear_holds_nothing() {
    use crate::domain::entity::EntityInfo;
    use crate::domain::policy::condition::Condition;
    use crate::domain::policy::facts::Facts;

    let people =
        People::new(vec![listed("Mara", &["mara"], &["Restricted"]), listed("Pia", &["pia"], &[])]).unwrap();
    let entity = EntityInfo::default();
    let holds_for = |maker: &Signer, condition: &str| {
        let facts = Facts {
            request_type: "A",
            org: "100",
            entity: &entity,
            task: &serde_json::json!({}),
            amount: None,
            subject: None,
            maker,
            people: &people,
            now: start(),
        };
        Condition::parse(condition, &[]).unwrap().holds(&facts, &Default::default())
    };
    let condition = "!(\"Restricted\" in maker.groups)";
    let holds = |id: &str| holds_for(&account(id), condition);
    assert_eq!((holds("mara"), holds("pia"), holds("PIA")), (Ok(false), Ok(true), Ok(true)));
    assert!(holds("Mara").unwrap_err().contains("spells the maker's account mara"));
    // The token names groups that can't be read; what does not ask for groups goes on.
    let unread = Signer { has_unread_groups: true, ..account("pia") };
    assert!(holds_for(&unread, condition).unwrap_err().contains("groups that can't be read"));
    assert_eq!(holds_for(&unread, "maker.id == \"pia\""), Ok(true));
    assert_eq!(holds_for(&account("Mara"), "maker.id == \"Mara\""), Ok(true));
}
