//! The contract's types for tests of the domain, read from `types/` without the catalog's checks.

use serde_json::Value;

use crate::domain::request_type::RequestType;

const FILES: [&str; 6] = [
    include_str!("../../../types/CUSTOMER-STATUS-CHANGE.toml"),
    include_str!("../../../types/EARN-BADGE.toml"),
    include_str!("../../../types/GOODWILL-POINTS.toml"),
    include_str!("../../../types/ISSUE-BADGE.toml"),
    include_str!("../../../types/POINTS-REDEMPTION.toml"),
    include_str!("../../../types/RETRO-TRANSACTION.toml"),
];

/// Every type of the contract.
pub fn all() -> Vec<RequestType> {
    let read = |text: &str| {
        let definition: Value = toml::from_str(text).unwrap();
        RequestType::from_definition(&definition).unwrap()
    };
    FILES.map(read).into()
}

/// The type of this name.
pub fn find(name: &str) -> RequestType {
    all().into_iter().find(|request_type| request_type.name.as_str() == name).unwrap()
}
