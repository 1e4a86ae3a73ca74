//! From files to rules: what is without fault comes into force, and what is not keeps what was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::files::{FileFault, PeopleFile, RuleFiles, SubscriptionsFile, TypeFile, TypeFiles};
use super::narrowed_people::narrowed;
use super::stale::{RulesPart, StaleRule};
use super::{LastRules, LastType, Rules, SettledRules};
use crate::domain::policy::people::People;
use crate::domain::request_type::RequestTypes;
use crate::domain::subscription::{Subscription, Subscriptions};

/// The rules that follow from the files and from what was in force last.
///
/// A type whose file has a fault keeps its last good version; one that never was good is left out, and a file never
/// gives way to the embedded type that it replaces. Of a people file with a fault only what takes a right away comes
/// into force. A subscription with a fault keeps its last version, and one that is gone ends.
///
/// # Errors
/// The faults for which a start has nothing to fall back on.
pub fn settle(files: RuleFiles, last: &LastRules) -> Result<SettledRules, Vec<FileFault>> {
    if last.others.is_none() {
        let faults = files.faults_that_stop_a_start();
        if !faults.is_empty() {
            return Err(faults);
        }
    }
    let (last_people, last_subscriptions) = last.others.clone().unwrap_or_default();
    let mut stale = Vec::new();
    let people = settle_people(files.people, &last_people, &mut stale);
    let known = settle_types(files.types, &last.types, &mut stale);
    let subscriptions = settle_subscriptions(files.subscriptions, &last_subscriptions, &mut stale);
    let file = |(name, known): (&String, &LastType)| Some((name.clone(), known.file.clone()?));
    Ok(SettledRules {
        files: known.iter().filter_map(file).collect(),
        rules: Arc::new(Rules {
            types: RequestTypes::of(known.into_values().map(|known| known.read)),
            people,
            subscriptions,
        }),
        stale,
    })
}

fn settle_people(file: PeopleFile, last: &People, stale: &mut Vec<StaleRule>) -> People {
    match file {
        PeopleFile::Good(people) => people,
        PeopleFile::Faulty { faults, entries: Some(entries) } => {
            let in_force = "The people are those of before; only what takes a right away is in force.";
            stale.push(StaleRule::new(RulesPart::People, in_force, &faults));
            narrowed(last, &entries)
        }
        PeopleFile::Faulty { faults, entries: None } => {
            let in_force = "The people are those of before: nothing of the file is in force.";
            stale.push(StaleRule::new(RulesPart::People, in_force, &faults));
            last.clone()
        }
    }
}

fn settle_types(
    found: TypeFiles,
    last: &BTreeMap<String, LastType>,
    stale: &mut Vec<StaleRule>,
) -> BTreeMap<String, LastType> {
    let embedded = found.embedded.into_iter().map(|read| {
        let name = read.name.to_string();
        (name, LastType { read: Arc::new(read), file: None })
    });
    let mut types: BTreeMap<String, LastType> = embedded.collect();
    if let Some(fault) = found.folder_fault {
        let in_force = "The types are those of before.";
        stale.push(StaleRule::new(RulesPart::Types, in_force, &[fault]));
        let of_files = last.iter().filter(|(_, known)| known.file.is_some());
        types.extend(of_files.map(|(name, known)| (name.clone(), known.clone())));
        return types;
    }
    let (mut good, mut unusable) = (BTreeSet::new(), Vec::new());
    for TypeFile { file, name, read, warnings: _ } in found.files {
        match read {
            Ok(read) => {
                let name = read.name.to_string();
                good.insert(name.clone());
                types.insert(name, LastType { read: Arc::new(read), file: Some(file) });
            }
            Err(faults) => unusable.push((file, name, faults)),
        }
    }
    for (file, name, faults) in unusable {
        let names = names_of(&file, name, last, &good);
        if names.is_empty() {
            stale.push(StaleRule::new(RulesPart::Types, "Nothing of it is in force.", &faults));
        }
        for name in names {
            let in_force = match last.get(&name) {
                Some(known) => {
                    types.insert(name.clone(), known.clone());
                    "Its last good version is in force."
                }
                None => {
                    types.remove(&name);
                    "The type is left out: no version of it was ever in force."
                }
            };
            let told = StaleRule::new(RulesPart::Types, in_force, &faults);
            stale.push(StaleRule { request_type: Some(name), ..told });
        }
    }
    types
}

/// The types that a file with a fault is about. It is about the one that it names, even if another file names it, too:
/// then it is neither's. Unless another file defines them by now, it is also about those that came from it last, or
/// about the one that it is called like.
fn names_of(
    file: &str,
    name: Option<String>,
    last: &BTreeMap<String, LastType>,
    good: &BTreeSet<String>,
) -> BTreeSet<String> {
    let came = |known: &LastType| known.file.as_deref() == Some(file);
    let mut guessed: Vec<String> =
        last.iter().filter(|(_, known)| came(known)).map(|(name, _)| name.clone()).collect();
    if guessed.is_empty() && name.is_none() {
        guessed.push(file.strip_suffix(".toml").unwrap_or(file).to_uppercase());
    }
    name.into_iter().chain(guessed.into_iter().filter(|guess| !good.contains(guess))).collect()
}

fn settle_subscriptions(
    file: SubscriptionsFile,
    last: &Subscriptions,
    stale: &mut Vec<StaleRule>,
) -> Subscriptions {
    if file.faults.is_empty() {
        return Subscriptions::new(file.good);
    }
    if !file.is_readable {
        let in_force = "The subscriptions are those of before: nothing of the file is in force.";
        stale.push(StaleRule::new(RulesPart::Subscriptions, in_force, &file.faults));
        return last.clone();
    }
    let in_force = "A subscription with a fault is as it was before; the others are as the file says.";
    stale.push(StaleRule::new(RulesPart::Subscriptions, in_force, &file.faults));
    let is_faulty = |name: &str| file.faulty.iter().flatten().any(|faulty| faulty == name);
    let mut subscriptions: Vec<Subscription> =
        file.good.iter().filter(|found| !is_faulty(&found.name)).cloned().collect();
    // An entry without a name may be any that is missing.
    let has_nameless = file.faulty.contains(&None);
    let is_missing = |known: &Subscription| !file.good.iter().any(|found| found.name == known.name);
    let stays = |known: &&Subscription| is_faulty(&known.name) || (has_nameless && is_missing(known));
    subscriptions.extend(last.iter().filter(stays).cloned());
    Subscriptions::new(subscriptions)
}
