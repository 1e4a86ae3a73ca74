//! Conditions that are the same text in every statement, so that the statement stays prepared.
//!
//! diesel prepares a statement with its own `sql("…")` anew each time. A bound value would not do either: SQLite
//! prepares a statement anew whenever a value is bound that a partial index depends on.

/// A condition without values: `literal!(IsQueued, "state = 'queued'");`
macro_rules! literal {
    ($name:ident, $sql:literal) => {
        #[derive(Clone, Copy, Debug, diesel::query_builder::QueryId)]
        pub(super) struct $name;

        impl diesel::expression::Expression for $name {
            type SqlType = diesel::sql_types::Bool;
        }

        impl<DB: diesel::backend::Backend> diesel::query_builder::QueryFragment<DB> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, DB>,
            ) -> diesel::QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }

        impl<Q> diesel::expression::AppearsOnTable<Q> for $name {}

        impl<Q> diesel::expression::SelectableExpression<Q> for $name {}

        impl<G> diesel::expression::ValidGrouping<G> for $name {
            type IsAggregate = diesel::expression::is_aggregate::Never;
        }
    };
}
pub(super) use literal;
