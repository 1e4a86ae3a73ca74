//! The tills that may call the sandbox.

/// A till with access: its name and the MD5 of its password are the Basic credentials.
pub struct Till {
    /// The user name.
    pub name: &'static str,
    /// The MD5 of its password in lower-case hex, which is sent as the password.
    pub password_md5: &'static str,
    /// The org whose badges and customers it sees.
    pub org_id: u64,
}

/// Every till that the sandbox knows: the one of the examples, the one of the ISSUE-BADGE page, and one of
/// another org. They give access to nothing but the sandbox.
pub const TILLS: [Till; 3] = [
    Till { name: "demo.till", password_md5: "62cc2d8b4bf2d8728120d052163a77df", org_id: 90001 },
    Till { name: "ab124", password_md5: "25d55ad283aa400af464c76d713c07ad", org_id: 90001 },
    Till { name: "other.till", password_md5: "c1e4417d5f5966b07e3f010958cde94b", org_id: 90002 },
];
