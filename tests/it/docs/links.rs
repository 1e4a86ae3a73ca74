//! Every document is found from the map, every link leads somewhere, and what is to be short is short.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::support::{read, root};

/// Folders that hold other people's documents, or none.
const FOREIGN: [&str; 4] = [".git", ".venv", "node_modules", "target"];

/// Every document, as a path from the root.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !FOREIGN.contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    assert!(found.len() > 15, "{found:?}");
    found
}

/// The lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_fenced ^= is_fence;
        !is_fenced && !is_fence
    })
}

/// The targets of `[words](target)` and `![words](target)`.
fn links(text: &str) -> Vec<String> {
    let text: String = prose(text).map(|line| format!("{line}\n")).collect();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let headings = prose(text)
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    for heading in headings {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let anchor = anchor.to_lowercase();
        let again = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(again).find(|anchor| !found.contains(anchor));
        found.extend(free);
    }
    found
}

/// `docs/dev/../policy.md` as `docs/policy.md`; `None` if it leads out of the repository.
fn resolved(from: &Path, target: &str) -> Option<PathBuf> {
    let mut path = from.parent()?.to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Nothing, or why this link of a document leads nowhere.
fn complaint(document: &Path, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (target, anchor) =
        link.split_once('#').map_or((link, None), |(target, anchor)| (target, Some(anchor)));
    let path = if target.is_empty() { Some(document.to_owned()) } else { resolved(document, target) };
    let path = path.filter(|path| root().join(path).exists());
    let Some(path) = path else { return Some(format!("{}: there is no {link}", document.display())) };
    let is_there = anchor.is_none_or(|anchor| anchors(&read(&path)).contains(anchor));
    (!is_there).then(|| format!("{}: {link} has no such heading", document.display()))
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut found = Vec::new();
    for document in documents() {
        found.extend(links(&read(&document)).iter().filter_map(|link| complaint(&document, link)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_document_is_on_the_map() {
    let map = Path::new("docs/README.md");
    let linked: BTreeSet<PathBuf> = links(&read(map)).iter().filter_map(|link| resolved(map, link)).collect();
    let missing: Vec<PathBuf> = documents()
        .into_iter()
        .filter(|document| document.starts_with("docs") && document != map && !linked.contains(document))
        .collect();
    assert!(missing.is_empty(), "docs/README.md does not name {missing:?}");
}

#[test]
fn what_is_to_be_short_is_short() {
    for (file, max) in [("README.md", 150), ("ARCHITECTURE.md", 120)] {
        let lines = read(file).lines().count();
        assert!(lines <= max, "{file} has {lines} lines, more than {max}");
    }
}

/// Words that the house style leaves out; `docs/dev/style.md` names them.
const NEVER: [&str; 6] = ["he", "him", "his", "himself", "whom", "anew"];

#[test]
fn no_document_uses_a_word_that_the_style_leaves_out() {
    let mut found = Vec::new();
    for document in documents().into_iter().filter(|document| document != Path::new("docs/dev/style.md")) {
        let text = read(&document).to_lowercase();
        for (number, line) in (1..).zip(text.lines()) {
            let words = line.split(|c: char| !c.is_alphanumeric());
            let never = words.filter(|word| NEVER.contains(word));
            found.extend(never.map(|word| format!("{}:{number}: {word}", document.display())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_link_that_leads_nowhere_is_complained_about() {
    let document = Path::new("docs/dev/style.md");
    for good in ["../README.md", "../policy.md#fresh_sign_in", "#vocabulary", "https://example.com/a#b", ".."]
    {
        assert_eq!(complaint(document, good), None, "{good}");
    }
    for bad in ["../NO.md", "../policy.md#no-such-heading", "#no", "../../../etc", "/etc/passwd"] {
        assert!(complaint(document, bad).is_some(), "{bad}");
    }
    let found = anchors("# A b: `c`\n\n```sh\n# no heading\n```\n## A\n## A\n");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "a-1", "a-b-c"]);
    assert_eq!(links("[a](b) ![c](d#e)\n```\n[f](g)\n```\n"), ["b", "d#e"]);
}
