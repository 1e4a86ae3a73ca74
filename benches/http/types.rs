//! The org and the request types that the clients use.

/// The org of every caller.
pub const ORG: &str = "90001";
/// A type of the contract, decided by one checker.
pub const DEFAULT: &str = "ISSUE-BADGE";
/// The same call behind three stages and a limit for its maker.
pub const STAGED: &str = "STAGED-BADGE";
