//! Many rows in one statement on PostgreSQL: one array per column, taken apart by `unnest`.
//!
//! Whatever the number of rows, the statement's text is the same, so it stays prepared; and a batch
//! costs one round trip instead of one per row.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

/// One column of many rows.
pub(super) enum Column<'a> {
    Text(Vec<&'a str>),
    NullableText(Vec<Option<&'a str>>),
    Number(Vec<i64>),
    NullableNumber(Vec<Option<i64>>),
    Bytes(Vec<&'a [u8]>),
    Flag(Vec<bool>),
}

impl<'a> Column<'a> {
    pub(super) fn text<R>(rows: &[&'a R], of: fn(&'a R) -> &'a str) -> Self {
        Self::Text(rows.iter().map(|row| of(row)).collect())
    }

    pub(super) fn nullable_text<R>(rows: &[&'a R], of: fn(&'a R) -> Option<&'a str>) -> Self {
        Self::NullableText(rows.iter().map(|row| of(row)).collect())
    }

    pub(super) fn number<R>(rows: &[&'a R], of: fn(&'a R) -> i64) -> Self {
        Self::Number(rows.iter().map(|row| of(row)).collect())
    }

    pub(super) fn nullable_number<R>(rows: &[&'a R], of: fn(&'a R) -> Option<i64>) -> Self {
        Self::NullableNumber(rows.iter().map(|row| of(row)).collect())
    }

    pub(super) fn bytes<R>(rows: &[&'a R], of: fn(&'a R) -> &'a [u8]) -> Self {
        Self::Bytes(rows.iter().map(|row| of(row)).collect())
    }

    pub(super) fn flag<R>(rows: &[&'a R], of: fn(&'a R) -> bool) -> Self {
        Self::Flag(rows.iter().map(|row| of(row)).collect())
    }

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Text(values) => out.push_bind_param::<Array<Text>, _>(values),
            Self::NullableText(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values),
            Self::Number(values) => out.push_bind_param::<Array<BigInt>, _>(values),
            Self::NullableNumber(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values),
            Self::Bytes(values) => out.push_bind_param::<Array<Binary>, _>(values),
            Self::Flag(values) => out.push_bind_param::<Array<Bool>, _>(values),
        }
    }
}

/// Columns by name, in the order of the arrays.
pub(super) type Columns<'a> = Vec<(&'static str, Column<'a>)>;

fn names(columns: &Columns<'_>) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn push_unnest<'b>(out: &mut AstPass<'_, 'b, Pg>, columns: &'b Columns<'_>) -> QueryResult<()> {
    out.push_sql("unnest(");
    for (at, (_, column)) in columns.iter().enumerate() {
        if at > 0 {
            out.push_sql(", ");
        }
        column.push(out)?;
    }
    out.push_sql(")");
    Ok(())
}

/// `INSERT INTO table (a, b) SELECT unnest($1), unnest($2)`
///
/// In the list of columns the arrays are walked side by side; `FROM unnest(…)` would first copy each.
pub(super) fn push_insert<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    table: &str,
    columns: &'b Columns<'_>,
) -> QueryResult<()> {
    out.push_sql(&format!("INSERT INTO {table} ({}) SELECT ", names(columns)));
    for (at, (_, column)) in columns.iter().enumerate() {
        out.push_sql(if at > 0 { ", unnest(" } else { "unnest(" });
        column.push(out)?;
        out.push_sql(")");
    }
    Ok(())
}

/// `UPDATE table SET … FROM unnest($1, $2) AS new (a, b) WHERE …`; `set_where` speaks of `new`.
pub(super) fn push_update<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    (table, set_where): (&str, (&str, &str)),
    columns: &'b Columns<'_>,
) -> QueryResult<()> {
    let (set, condition) = set_where;
    out.push_sql(&format!("UPDATE {table} SET {set} FROM "));
    push_unnest(out, columns)?;
    out.push_sql(&format!(" AS new ({}) WHERE {condition}", names(columns)));
    Ok(())
}

/// A statement over [`Columns`] with a type of its own: the type is what diesel keeps it prepared by.
macro_rules! batch_statement {
    ($name:ident, |$out:ident, $columns:ident| $walk:expr) => {
        struct $name<'a>(crate::store::columns::Columns<'a>);

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut $out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let $columns = &self.0;
                $walk
            }
        }

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::RunQueryDsl<diesel::PgConnection> for $name<'_> {}
    };
}
pub(super) use batch_statement;
