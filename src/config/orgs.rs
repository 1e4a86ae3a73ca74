//! Reads what is set for single orgs: `[[orgs]]`.

use toml::{Table, Value};

use super::layers::{Setting, Source};
use super::{ConfigFault, parse::Reader};
use crate::domain::ids::OrgId;
use crate::domain::org_settings::{OrgSetting, OrgSettings};

pub(super) fn read(reader: &mut Reader) -> OrgSettings {
    let Some(Setting { value, source }) = reader.take("orgs") else { return OrgSettings::default() };
    let Value::Array(entries) = value else {
        reader.fault(ConfigFault::refused("orgs", &value.to_string(), &source, "write a list of tables"));
        return OrgSettings::default();
    };
    let mut orgs: Vec<OrgSetting> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let path = format!("orgs[{index}]");
        match org(&path, entry, &source) {
            Ok(org) if orgs.iter().any(|other| other.id == org.id) => {
                let text = format!("{path} (from {source}): there is an org {} already", org.id);
                reader.fault(ConfigFault::new(text));
            }
            Ok(org) => orgs.push(org),
            Err(faults) => faults.into_iter().for_each(|fault| reader.fault(fault)),
        }
    }
    OrgSettings(orgs)
}

/// One table of the list; keys that remain at the end are unknown.
fn org(path: &str, entry: Value, source: &Source) -> Result<OrgSetting, Vec<ConfigFault>> {
    let Value::Table(mut table) = entry else {
        return Err(vec![ConfigFault::refused(path, &entry.to_string(), source, "write a table")]);
    };
    let mut faults = Vec::new();
    let refused = |key: &str, value: &Value, advice: &str| {
        ConfigFault::refused(&format!("{path}.{key}"), &value.to_string(), source, advice)
    };
    let id = match table.remove("id") {
        Some(value) => {
            let id = value.as_str().filter(|id| !id.is_empty()).map(OrgId::new);
            faults.extend(id.is_none().then(|| refused("id", &value, "write the id of an org as a text")));
            id
        }
        None => {
            faults.push(ConfigFault::new(format!("{path}.id (from {source}): it is missing")));
            None
        }
    };
    let opened_by = table.remove("opened_by").map(|value| {
        faults.extend(value.as_bool().is_none().then(|| refused("opened_by", &value, "write true or false")));
        value.as_bool().unwrap_or(true)
    });
    faults.extend(table.keys().map(|key| ConfigFault::unknown_key(&format!("{path}.{key}"), source)));
    match id {
        Some(id) if faults.is_empty() => Ok(OrgSetting { id, opened_by: opened_by.unwrap_or(true) }),
        Some(_) | None => Err(faults),
    }
}

/// The settings of one org as they are printed.
pub(super) fn table(org: &OrgSetting) -> Table {
    let OrgSetting { id, opened_by } = org;
    let mut table = Table::new();
    table.insert("id".into(), id.as_str().into());
    table.insert("opened_by".into(), (*opened_by).into());
    table
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags};
    use crate::domain::ids::OrgId;

    fn load(orgs: &str) -> Result<Config, String> {
        let env = [("COUNTERSIGN__ORGS".to_owned(), orgs.to_owned())];
        Config::load(None, env.into_iter(), Flags::default()).map_err(|errors| errors.to_string())
    }

    #[test]
    fn an_org_switches_off_that_the_pages_keep_who_opened_a_request() {
        let config = load(r#"[{ id = "100", opened_by = false }, { id = "200" }]"#).unwrap();
        let keeps = ["100", "200", "300"].map(|id| config.orgs.keeps_openings(&OrgId::new(id)));
        assert_eq!(keeps, [false, true, true]);
        let shown = config.render_effective();
        assert!(shown.contains("[[orgs]]\nid = \"100\"\nopened_by = false\n"), "{shown}");
    }

    #[test]
    fn the_example_of_an_org_is_accepted() {
        let example = include_str!("../../config.example.toml");
        let org = &example[example.find("# [[orgs]]").unwrap()..example.find("# The hosts that").unwrap()];
        let lines: Vec<&str> = org.lines().map(|line| line.trim_start_matches("# ")).collect();
        let table: toml::Table = lines.join("\n").parse().unwrap();
        assert_eq!(load(&table["orgs"].to_string()).unwrap().orgs.0.len(), 1);
    }

    #[test]
    fn every_fault_of_every_org_is_told() {
        let faults =
            load(r#"[{ opened_by = 1, colour = 1 }, { id = "" }, { id = "a" }, { id = "a" }]"#).unwrap_err();
        insta::assert_snapshot!(faults.replace(" (from environment COUNTERSIGN__ORGS)", ""), @r#"
        the configuration can't be used:
          orgs[0].id: it is missing
          orgs[0].opened_by = 1: write true or false
          orgs[0].colour: there is no such key
          orgs[1].id = "": write the id of an org as a text
          orgs[3]: there is an org a already
        "#);
    }
}
