//! Ids and digests as they are stored: their bytes, which take half the room of their texts.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;
use uuid::Uuid;

use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;

/// The id of a request or an event: 16 bytes, whose order is that of the time at which ids are made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct StoredId(pub Uuid);

impl From<RequestId> for StoredId {
    fn from(id: RequestId) -> Self {
        Self(id.uuid())
    }
}

impl From<StoredId> for RequestId {
    fn from(id: StoredId) -> Self {
        Self::new(id.0)
    }
}

/// The hyphenated spelling.
impl fmt::Display for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As a statement's values are printed: `"0190b6f2-…"`.
impl fmt::Debug for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_string().fmt(f)
    }
}

/// A SHA-256: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct StoredDigest(pub Digest);

/// A value of a fixed number of bytes.
pub(super) trait AsBytes: Sized {
    /// What it is, for whoever reads that it can't be read.
    const NAME: &'static str;

    fn bytes(&self) -> &[u8];

    /// `None` if there are too many or too few.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl AsBytes for StoredId {
    const NAME: &'static str = "id";

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }
}

impl AsBytes for StoredDigest {
    const NAME: &'static str = "digest";

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Digest::from_bytes(bytes)))
    }
}

macro_rules! stored_as_bytes {
    ($name:ident) => {
        impl<DB> ToSql<Binary, DB> for $name
        where
            DB: Backend,
            [u8]: ToSql<Binary, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.bytes().to_sql(out)
            }
        }

        impl<DB> FromSql<Binary, DB> for $name
        where
            DB: Backend,
            Vec<u8>: FromSql<Binary, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let bytes = Vec::<u8>::from_sql(value)?;
                let length = bytes.len();
                Self::from_bytes(&bytes).ok_or_else(|| format!("{} of {length} bytes", Self::NAME).into())
            }
        }
    };
}

pub(super) use stored_as_bytes;

stored_as_bytes!(StoredId);
stored_as_bytes!(StoredDigest);
