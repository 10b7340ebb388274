//! Whether an expression can be a condition, as far as its form tells. CEL is typed, and we evaluate
//! it over JSON: what a label or a detail is, is known only then.

use super::tree::{Function, MacroKind, Node, Operator};

/// What a node comes to.
enum Kind {
    Truth,
    Other(&'static str),
    Unknown,
}

/// What the expression is instead of true or false, or where that stands in it; `None` when it may
/// be a condition.
pub(super) fn other_than_truth(root: &Node) -> Option<&'static str> {
    match root {
        // Each part must be a condition.
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().find_map(other_than_truth),
        Node::Not(inner) => other_than_truth(inner),
        Node::Choice(condition, yes, no) => other_than_truth(condition)
            .or_else(|| other_than_truth(yes))
            .or_else(|| other_than_truth(no)),
        _ => match kind(root) {
            Kind::Other(kind) => Some(kind),
            Kind::Truth | Kind::Unknown => None,
        },
    }
}

fn kind(node: &Node) -> Kind {
    match node {
        Node::Bool(_)
        | Node::Has(..)
        | Node::Not(_)
        | Node::And(_)
        | Node::Or(_)
        | Node::Matches(..) => Kind::Truth,
        Node::Null => Kind::Other("null"),
        Node::Int(_) | Node::Double(_) | Node::Negative(_) => Kind::Other("a number"),
        Node::Text(_) => Kind::Other("a text"),
        Node::List(_) => Kind::Other("a list"),
        Node::Map(_) => Kind::Other("a map"),
        Node::Name(name) => of_signal(name),
        Node::Field(..) | Node::Index(..) | Node::Choice(..) => Kind::Unknown,
        Node::Binary(operator, left, right) => match operator {
            Operator::Equal
            | Operator::Unequal
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::In => Kind::Truth,
            Operator::Add => match (kind(left), kind(right)) {
                (Kind::Other(sum), _) | (_, Kind::Other(sum)) => Kind::Other(sum),
                _ => Kind::Other("a sum"),
            },
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                Kind::Other("a number")
            }
        },
        Node::Call(function, _) => match function {
            Function::Contains | Function::StartsWith | Function::EndsWith | Function::Bool => {
                Kind::Truth
            }
            Function::Size | Function::Int | Function::Double => Kind::Other("a number"),
            Function::Lower
            | Function::Upper
            | Function::Trim
            | Function::Replace
            | Function::Join
            | Function::String
            | Function::Type => Kind::Other("a text"),
            Function::Split => Kind::Other("a list"),
        },
        Node::Macro(inner) => match inner.kind {
            MacroKind::All | MacroKind::Exists | MacroKind::ExistsOne => Kind::Truth,
            MacroKind::Filter | MacroKind::Map => Kind::Other("a list"),
        },
    }
}

/// What a signal has under a name, which is a variable of no macro here.
fn of_signal(name: &str) -> Kind {
    Kind::Other(match name {
        "labels" | "details" => "a map",
        "links" => "a list",
        _ => "a text",
    })
}

#[cfg(test)]
mod tests {
    use crate::expression::Expression;

    #[test]
    fn what_is_never_true_is_no_condition() {
        for (source, what) in [
            ("1 + 1", "a number"),
            ("-1", "a number"),
            ("'a'", "a text"),
            ("'a' + labels.b", "a text"),
            ("labels.a + labels.b", "a sum"),
            ("null", "null"),
            ("[true]", "a list"),
            ("{'a': true}", "a map"),
            ("summary", "a text"),
            ("labels", "a map"),
            ("links", "a list"),
            ("size(summary)", "a number"),
            ("summary.lowerAscii()", "a text"),
            ("links.map(link, link.href)", "a list"),
            ("severity == 'critical' && 1", "a number"),
            ("severity == 'critical' || 'warning'", "a text"),
            ("!(summary)", "a text"),
            ("has(labels.a) ? 'a' : true", "a text"),
        ] {
            let Err(refused) = Expression::compile_condition(source) else {
                panic!("{source} was taken for a condition");
            };
            assert!(refused.message.contains(what), "{source}: {refused}");
        }
    }

    #[test]
    fn what_may_be_true_is_one() {
        for source in [
            "true",
            "false",
            "labels.muted",
            "details.a[0]",
            "!details.muted",
            "has(labels.a) && labels.a",
            "severity in ['critical', 'error']",
            "summary.contains('x') ? labels.a : false",
            "links.exists(link, link.href)",
            "summary.matches('a.*')",
            "bool(labels.a)",
            "size(links) > 0",
        ] {
            let read = Expression::compile_condition(source);
            assert!(read.is_ok(), "{source}: {read:?}");
        }
    }
}
