//! The tree of an expression.

use regex_lite::Regex;

pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    /// A name from outside, or the variable of a macro.
    Name(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    /// `has(a.b)`
    Has(Box<Node>, String),
    Not(Box<Node>),
    Negative(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Regex),
    Macro(Box<Macro>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Lower,
    Upper,
    Trim,
    Replace,
    Split,
    Join,
    String,
    Int,
    Double,
    Bool,
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

pub(super) struct Macro {
    pub(super) kind: MacroKind,
    pub(super) range: Node,
    pub(super) variable: String,
    /// Of `map` with three arguments.
    pub(super) condition: Option<Node>,
    pub(super) body: Node,
}

/// Levels of a tree.
pub(super) fn depth(node: &Node) -> usize {
    let most = |nodes: &[Node]| nodes.iter().map(depth).max().unwrap_or(0);
    1 + match node {
        Node::Null
        | Node::Bool(_)
        | Node::Int(_)
        | Node::Double(_)
        | Node::Text(_)
        | Node::Name(_) => 0,
        Node::List(nodes) | Node::And(nodes) | Node::Or(nodes) | Node::Call(_, nodes) => {
            most(nodes)
        }
        Node::Map(entries) => entries
            .iter()
            .map(|(key, value)| depth(key).max(depth(value)))
            .max()
            .unwrap_or(0),
        Node::Field(of, _)
        | Node::Has(of, _)
        | Node::Not(of)
        | Node::Negative(of)
        | Node::Matches(of, _) => depth(of),
        Node::Index(left, right) | Node::Binary(_, left, right) => depth(left).max(depth(right)),
        Node::Choice(condition, yes, no) => depth(condition).max(depth(yes)).max(depth(no)),
        Node::Macro(of) => {
            let condition = of.condition.as_ref().map_or(0, depth);
            depth(&of.range).max(depth(&of.body)).max(condition)
        }
    }
}
