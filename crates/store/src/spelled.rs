//! Conditions that are spelled out, not bound, since only then the databases know that a partial
//! index holds the answer. diesel has `sql()` for it, whose statements it never keeps prepared;
//! parsing and planning them each time took longer than running them.

/// `spelled! { /// What it says. Name = "table.column = 'value'" }` declares a condition that is
/// always this text.
macro_rules! spelled {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, diesel::query_builder::QueryId)]
            pub(crate) struct $name;

            impl diesel::expression::Expression for $name {
                type SqlType = diesel::sql_types::Bool;
            }

            impl<Tables> diesel::expression::AppearsOnTable<Tables> for $name {}

            impl<Tables> diesel::expression::SelectableExpression<Tables> for $name {}

            impl diesel::expression::ValidGrouping<()> for $name {
                type IsAggregate = diesel::expression::is_aggregate::Never;
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
        )+
    };
}

pub(crate) use spelled;
