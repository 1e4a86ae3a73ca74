//! Many rows in one statement on PostgreSQL: one array per column, taken apart by `unnest`.
//!
//! Whatever the number of rows, the statement's text is the same, so it stays prepared; and a batch
//! costs one round trip instead of one per row. On SQLite, which has no round trips, the same macros
//! write row by row with cached statements.

use std::collections::HashSet;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use crate::domain::ids::{OrgId, RequestId};

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
            Self::Flag(values) => out.push_bind_param::<Array<Bool>, _>(values),
        }
    }
}

/// The type of a row's field, and with it the kind of its column.
pub(super) trait ColumnType: 'static {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a>;
}

impl ColumnType for String {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Text(values.map(String::as_str).collect())
    }
}

impl ColumnType for Option<String> {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::NullableText(values.map(Option::as_deref).collect())
    }
}

impl ColumnType for i64 {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Number(values.copied().collect())
    }
}

impl ColumnType for Option<i64> {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::NullableNumber(values.copied().collect())
    }
}

impl ColumnType for Vec<u8> {
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Column<'a> {
        Column::Bytes(values.map(Vec::as_slice).collect())
    }
}

impl ColumnType for bool {
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
    /// The columns that are set.
    pub(super) set: &'static [&'static str],
    /// What must hold besides the key; speaks of `new`.
    pub(super) guard: &'static str,
}

/// `UPDATE table SET a = new.a, … FROM unnest($1, $2) AS new (a, b) WHERE table.key = new.key AND …`
pub(super) fn push_update<'b>(
    out: &mut AstPass<'_, 'b, Pg>,
    update: &Update,
    columns: &'b Columns<'_>,
) -> QueryResult<()> {
    let Update { table, key, set, guard } = update;
    let set: Vec<String> = set.iter().map(|column| format!("{column} = new.{column}")).collect();
    let found: String = key.iter().map(|column| format!("{table}.{column} = new.{column} AND ")).collect();
    out.push_sql(&format!("UPDATE {table} SET {} FROM ", set.join(", ")));
    push_unnest(out, columns)?;
    out.push_sql(&format!(" AS new ({}) WHERE {found}{guard}", names(columns)));
    Ok(())
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

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::RunQueryDsl<diesel::PgConnection> for $name<'_> {}
    };
}
pub(super) use batch_statement;

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

/// The columns that an update of a table sets, once for both databases: a statement for PostgreSQL and
/// the columns it takes, and a changeset for SQLite.
macro_rules! batch_update {
    (
        $statement:ident($table:ident [$($key:ident),+], guard $guard:literal),
        $changes:ident($row:ident) { $($column:ident: $kind:ty),+ $(,)? }
    ) => {
        $crate::store::columns::batch_statement!($statement, |out, columns| {
            let update = $crate::store::columns::Update {
                table: stringify!($table),
                key: &[$(stringify!($key)),+],
                set: &[$(stringify!($column)),+],
                guard: $guard,
            };
            $crate::store::columns::push_update(&mut out, &update, columns)
        });

        #[derive(diesel::AsChangeset)]
        #[diesel(table_name = $table, treat_none_as_null = true)]
        struct $changes {
            $($column: $kind),+
        }

        impl From<&$row> for $changes {
            fn from(row: &$row) -> Self {
                Self { $($column: row.$column.clone()),+ }
            }
        }

        impl $statement<'_> {
            fn columns<'a>(rows: &[&'a $row]) -> $crate::store::columns::Columns<'a> {
                $crate::store::columns::columns!(rows, [$($key,)+ $($column),+])
            }
        }
    };
}
pub(super) use batch_update;

/// The rows of some keys, locked for a write, and the keys of those that another transaction holds.
pub struct Locked<R> {
    /// The rows, in key order.
    pub rows: Vec<R>,
    /// Requests whose row is there, but held by somebody else. Never on SQLite.
    pub held: Vec<(OrgId, RequestId)>,
}

/// A function that loads rows for a write by the key of their request, locked in key order so that two
/// nodes can't deadlock. It waits for no row: one that another transaction holds is named in the result.
macro_rules! lock_by_key {
    ($vis:vis fn $lock:ident($table:ident) -> $row:ty) => {
        /// Loads the named rows for a write, locked in key order, but for those that somebody else holds.
        $vis fn $lock(
            conn: &mut $crate::store::AnyConnection,
            keys: &[$crate::store::requests::Key],
        ) -> Result<$crate::store::columns::Locked<$row>, $crate::store::StoreError> {
            use $crate::store::columns::{Locked, held_keys};
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    let (orgs, ids) = $crate::store::requests::key_texts(keys);
                    let named = $table::table
                        .filter($table::org_id.eq_any(&orgs).and($table::request_id.eq_any(&ids)))
                        .filter($crate::store::requests::unprepared());
                    let rows: Vec<$row> = named
                        .clone()
                        .order(($table::org_id, $table::request_id))
                        .for_update()
                        .skip_locked()
                        .load(conn)?;
                    if rows.len() >= keys.len() {
                        return Ok(Locked { rows, held: Vec::new() });
                    }
                    let there = named.select(($table::org_id, $table::request_id)).load(conn)?;
                    let locked = rows.iter().map(|row| (row.org_id.as_str(), row.request_id.as_str()));
                    let held = held_keys(keys, &there, locked);
                    Ok(Locked { rows, held })
                }
                // The write lock is already ours; single-row statements are cached.
                $crate::store::AnyConnection::Sqlite(conn) => {
                    let find = |(org, id): &$crate::store::requests::Key| {
                        $table::table.find((org.as_str(), id.to_string())).first(conn).optional()
                    };
                    let rows = keys.iter().map(find).collect::<QueryResult<Vec<_>>>()?;
                    Ok(Locked { rows: rows.into_iter().flatten().collect(), held: Vec::new() })
                }
            }
        }
    };
}
pub(super) use lock_by_key;

/// Those of `keys` that are there without being locked by us.
pub(super) fn held_keys<'r>(
    keys: &[(OrgId, RequestId)],
    there: &[(String, String)],
    locked: impl Iterator<Item = (&'r str, &'r str)>,
) -> Vec<(OrgId, RequestId)> {
    let locked: HashSet<(&str, &str)> = locked.collect();
    let there = there.iter().map(|(org, id)| (org.as_str(), id.as_str()));
    let held: HashSet<(&str, &str)> = there.filter(|key| !locked.contains(key)).collect();
    let is_held = |(org, id): &&(OrgId, RequestId)| held.contains(&(org.as_str(), id.to_string().as_str()));
    keys.iter().filter(is_held).cloned().collect()
}

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
