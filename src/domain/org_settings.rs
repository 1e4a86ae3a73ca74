//! What is set for single orgs, by id. An org that is not named has every default.

use super::ids::OrgId;

/// What is set for one org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgSetting {
    /// The org.
    pub id: OrgId,
    /// Whether the pages keep who opened a request, and mark what somebody has not opened yet.
    pub opened_by: bool,
}

/// The settings of every org that has some; no org is there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrgSettings(pub Vec<OrgSetting>);

impl OrgSettings {
    /// Whether the pages keep who opened a request of this org.
    pub fn keeps_openings(&self, org: &OrgId) -> bool {
        self.0.iter().find(|set| set.id == *org).is_none_or(|set| set.opened_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_org_that_switches_it_off_is_without() {
        let id = OrgId::new("100");
        let settings = OrgSettings(vec![OrgSetting { id: id.clone(), opened_by: false }]);
        assert!(!settings.keeps_openings(&id) && settings.keeps_openings(&OrgId::new("1000")));
        assert!(OrgSettings::default().keeps_openings(&id));
    }
}
