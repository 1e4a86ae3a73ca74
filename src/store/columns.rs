//! Many rows in one statement on PostgreSQL: one array per column, taken apart by `unnest`.
//!
//! Whatever the number of rows, the statement's text is the same, so it stays prepared; and a batch
//! costs one round trip instead of one per row. On SQLite, which has no round trips, the same macros
//! write row by row with cached statements.
//!
//! A row is looked up by its key with `get_result`, never with `first`: that binds a `LIMIT`, and SQLite prepares
//! a statement anew whenever such a number is bound, which costs more than the look-up.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::stored_bytes::AsBytes;

/// One column of many rows.
pub(super) enum Column<'a> {
    Text(Vec<&'a str>),
    NullableText(Vec<Option<&'a str>>),
    Number(Vec<i64>),
    NullableNumber(Vec<Option<i64>>),
    Bytes(Vec<&'a [u8]>),
    NullableBytes(Vec<Option<&'a [u8]>>),
    Flag(Vec<bool>),
}

impl<'a> Column<'a> {
    /// The column of the field that `of` picks.
    pub(super) fn of<R, T: ColumnType>(rows: &[&'a R], of: fn(&'a R) -> &'a T) -> Self {
        T::column(rows.iter().map(|row| of(row)))
    }

    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Text(values) => out.push_bind_param::<Array<Text>, _>(values),
            Self::NullableText(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values),
            Self::Number(values) => out.push_bind_param::<Array<BigInt>, _>(values),
            Self::NullableNumber(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values),
            Self::Bytes(values) => out.push_bind_param::<Array<Binary>, _>(values),
            Self::NullableBytes(values) => out.push_bind_param::<Array<Nullable<Binary>>, _>(values),
            Self::Flag(values) => out.push_bind_param::<Array<Bool>, _>(values),
        }
    }
}

/// The type of a row's field, and with it the kind of its column.
pub(super) trait ColumnType: 'static {
    /// One row's value, for SQLite.
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()>;

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a>;
}

impl ColumnType for String {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Text, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Text(values.map(String::as_str).collect())
    }
}

impl ColumnType for Option<String> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Nullable<Text>, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::NullableText(values.map(Option::as_deref).collect())
    }
}

impl ColumnType for i64 {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<BigInt, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Number(values.copied().collect())
    }
}

impl ColumnType for Option<i64> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Nullable<BigInt>, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::NullableNumber(values.copied().collect())
    }
}

impl ColumnType for Vec<u8> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Binary, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Bytes(values.map(Vec::as_slice).collect())
    }
}

impl<T: AsBytes + ToSql<Binary, Sqlite> + 'static> ColumnType for T {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Binary, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Bytes(values.map(AsBytes::bytes).collect())
    }
}

impl<T: AsBytes + ToSql<Binary, Sqlite> + 'static> ColumnType for Option<T> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Nullable<Binary>, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::NullableBytes(values.map(|value| value.as_ref().map(AsBytes::bytes)).collect())
    }
}

impl ColumnType for bool {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_bind_param::<Bool, _>(self)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Flag(values.copied().collect())
    }
}

/// Columns by name, in the order of the arrays.
pub(super) type Columns<'a> = Vec<(&'static str, Column<'a>)>;

/// The [`Columns`] of rows by their fields; `field as "name"` where the table has another name.
macro_rules! columns {
    ($rows:expr, [$($field:ident $(as $name:literal)?),+ $(,)?]) => {
        vec![$((
            $crate::store::columns::column_name!($field $($name)?),
            $crate::store::columns::Column::of($rows, |row| &row.$field),
        )),+]
    };
}
pub(super) use columns;

macro_rules! column_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}
pub(super) use column_name;

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

/// What an update of a table sets, and which rows it finds.
pub(super) struct Update {
    pub(super) table: &'static str,
    /// The columns of the primary key.
    pub(super) key: &'static [&'static str],
    /// A number that only whoever knows it may replace.
    pub(super) fence: &'static str,
    /// The columns that are set.
    pub(super) set: &'static [&'static str],
    /// What must hold besides, in the table's columns.
    pub(super) only_if: &'static str,
}

/// `UPDATE table SET a = new.a, … FROM unnest($1, $2) AS new (a, b) WHERE table.key = new.key AND …`
pub(super) fn push_update<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    update: &Update,
    columns: &'b Columns<'_>,
) -> QueryResult<()> {
    let Update { table, key, fence, set, only_if } = update;
    let set: Vec<String> = set.iter().map(|column| format!("{column} = new.{column}")).collect();
    let found: String = key.iter().map(|column| format!("{table}.{column} = new.{column} AND ")).collect();
    out.push_sql(&format!("UPDATE {table} SET {} FROM ", set.join(", ")));
    push_unnest(out, columns)?;
    let names = names(columns);
    out.push_sql(&format!(
        " AS new ({names}) WHERE {found}{table}.{fence} = new.{FENCE_BEFORE} AND {only_if}"
    ));
    Ok(())
}

/// The name beside the columns of what [`Update::fence`] was when the row was loaded.
pub(super) const FENCE_BEFORE: &str = "fence_before";

/// Adds `column = ?` to a statement on SQLite.
pub(super) fn push_equals<'b, T: ColumnType>(
    out: &mut AstPass<'_, 'b, Sqlite>,
    (before, column): (&str, &str),
    value: &'b T,
) -> QueryResult<()> {
    [before, column, " = "].into_iter().for_each(|text| out.push_sql(text));
    value.push(out)
}

/// A statement over [`Columns`] with its own type: the type is what diesel keeps it prepared by.
macro_rules! batch_statement {
    ($name:ident, |$out:ident, $columns:ident| $walk:expr) => {
        struct $name<'a>($crate::store::columns::Columns<'a>);

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut $out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let $columns = &self.0;
                $walk
            }
        }

        $crate::store::columns::static_query_id!($name);

        impl diesel::RunQueryDsl<diesel::PgConnection> for $name<'_> {}
    };
}
pub(super) use batch_statement;

/// Says that a statement's type stands for its text: diesel keeps it prepared.
macro_rules! static_query_id {
    ($name:ident) => {
        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    };
}
pub(super) use static_query_id;

/// The columns of a table's rows, and a function that adds rows to it.
macro_rules! batch_insert {
    ($vis:vis fn $insert:ident($statement:ident, $table:ident, $row:ty), $columns:tt) => {
        pub(super) fn columns<'a>(rows: &[&'a $row]) -> $crate::store::columns::Columns<'a> {
            $crate::store::columns::columns!(rows, $columns)
        }

        $crate::store::columns::batch_statement!($statement, |out, columns| {
            $crate::store::columns::push_insert(&mut out, stringify!($table), columns)
        });

        /// Adds rows: one statement on PostgreSQL, cached single-row statements on SQLite.
        $vis fn $insert(
            conn: &mut $crate::store::AnyConnection,
            rows: &[$row],
        ) -> Result<(), $crate::store::StoreError> {
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    $statement(columns(&rows.iter().collect::<Vec<_>>())).execute(conn)?;
                }
                $crate::store::AnyConnection::Sqlite(conn) => {
                    for row in rows {
                        diesel::insert_into($table::table).values(row).execute(conn)?;
                    }
                }
            }
            Ok(())
        }
    };
}
pub(super) use batch_insert;

/// An update of a table's rows whose `fence` still is what it was when they were loaded, once for both databases:
/// a statement over all rows for PostgreSQL, and one over a single row for SQLite. diesel's own updates are
/// prepared anew each time.
macro_rules! batch_update {
    (
        $vis:vis fn $update:ident($statement:ident, $one:ident, $table:ident, $row:ident),
        key [$($key:ident),+], fence $fence:ident, only if $only_if:literal,
        set [$($column:ident),+ $(,)?]
    ) => {
        $crate::store::columns::batch_statement!($statement, |out, columns| {
            const UPDATE: $crate::store::columns::Update = $crate::store::columns::Update {
                table: stringify!($table),
                key: &[$(stringify!($key)),+],
                fence: stringify!($fence),
                set: &[$(stringify!($column)),+],
                only_if: $only_if,
            };
            $crate::store::columns::push_update(&mut out, &UPDATE, columns)
        });

        struct $one<'a>(&'a $row, &'a i64);

        impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for $one<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                use $crate::store::columns::push_equals;
                let Self(row, fence_before) = self;
                out.push_sql(concat!("UPDATE ", stringify!($table)));
                let mut before = " SET ";
                $(
                    push_equals(&mut out, (before, stringify!($column)), &row.$column)?;
                    before = ", ";
                )+
                let _ = before;
                out.push_sql(concat!(" WHERE ", $only_if));
                $(push_equals(&mut out, (" AND ", stringify!($key)), &row.$key)?;)+
                push_equals(&mut out, (" AND ", stringify!($fence)), *fence_before)
            }
        }

        $crate::store::columns::static_query_id!($one);

        impl diesel::RunQueryDsl<diesel::SqliteConnection> for $one<'_> {}

        /// Writes each row whose fence still is what stands beside it; returns how many there were.
        $vis fn $update(
            conn: &mut $crate::store::AnyConnection,
            rows: &[(&$row, i64)],
        ) -> diesel::QueryResult<usize> {
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    use $crate::store::columns::{Column, FENCE_BEFORE, columns};
                    let news: Vec<&$row> = rows.iter().map(|(row, _)| *row).collect();
                    let mut columns = columns!(&news, [$($key,)+ $($column),+]);
                    columns.push((FENCE_BEFORE, Column::Number(rows.iter().map(|(_, fence)| *fence).collect())));
                    $statement(columns).execute(conn)
                }
                $crate::store::AnyConnection::Sqlite(conn) => {
                    rows.iter().map(|(row, fence)| $one(row, fence).execute(conn)).sum()
                }
            }
        }
    };
}
pub(super) use batch_update;

/// The person in four columns of a row.
macro_rules! person {
    ($row:expr, $iss:ident, $sub:ident, $user_id:ident, $user_name:ident) => {
        $crate::domain::actor::Person {
            iss: $row.$iss.clone(),
            sub: $row.$sub.clone(),
            user_id: $row.$user_id.clone(),
            user_name: $row.$user_name.clone(),
        }
    };
}
pub(super) use person;

diesel::define_sql_function! {
    /// The text with its ASCII letters small, as both databases do it here: PostgreSQL compares these columns by byte.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
