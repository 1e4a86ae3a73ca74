//! The org and the request types that the clients use.

/// The org of every caller.
pub const ORG: &str = "90001";
/// A type of the contract, decided by one checker.
pub const DEFAULT: &str = "ISSUE-BADGE";
/// The same call behind three stages and a limit for its maker.
pub const STAGED: &str = "STAGED-BADGE";
/// The stages of [`STAGED`], and the groups that sign them.
pub const STAGES: [&str; 3] = ["First", "Second", "Third"];
/// Where the calls of all of them go.
pub const ISSUE_PATH: &str = "/api_gateway/v1/badges/badgeMeta/customer/issueBulk";

/// The definition of [`STAGED`].
pub fn staged_type() -> String {
    let stages = STAGES.map(|stage| {
        format!(
            "[[policy.stages]]\nname = \"{stage}\"\nmode = \"all\"\n\
             [[policy.stages.seats]]\ngroup = \"{stage}\"\n"
        )
    });
    format!(
        "name = \"{STAGED}\"\namount = \"/body/customers\"\n\
         [call]\nmethod = \"POST\"\npath = \"{ISSUE_PATH}\"\n\
         [body]\ntype = \"object\"\nrequired = [\"badgeMetaId\", \"customers\"]\n\
         [[usage]]\nname = \"day\"\nby = \"maker\"\nwindow = \"1d\"\n\
         [[policy]]\nname = \"within\"\n\
         when = 'usage.day.count < 100000000 && usage.day.sum.plus(request.amount).above(1)'\n{}",
        stages.concat()
    )
}
