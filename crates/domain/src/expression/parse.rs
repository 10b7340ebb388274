//! From words to a tree.

use regex_lite::RegexBuilder;

use super::lex::{Token, lex};
use super::tree::{Function, Macro, MacroKind, Node, Operator, depth};
use super::{DEPTH_MAX, ExpressionError};

/// Largest program a regular expression may become, in bytes: a few hundred states.
const PATTERN_SIZE_MAX: usize = 1 << 14;

/// Most brackets in brackets.
const NESTING_MAX: usize = 30;

/// The tree, and the names from outside in it.
pub(super) fn parse(source: &str) -> Result<(Node, Vec<String>), ExpressionError> {
    let mut parser = Parser {
        tokens: lex(source)?,
        next: 0,
        depth: 0,
        variables: Vec::new(),
        names: Vec::new(),
    };
    if parser.peek() == &Token::End {
        return Err(parser.error("the expression is empty"));
    }
    let root = parser.choice()?;
    if parser.peek() != &Token::End {
        return Err(parser.error("the expression should end here"));
    }
    // A chain such as a + b + c is not nested as text, and still is as a tree.
    if depth(&root) > DEPTH_MAX {
        return Err(ExpressionError {
            position: 1,
            message: format!("the expression has more than {DEPTH_MAX} levels: write it shorter"),
        });
    }
    Ok((root, parser.names))
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
    /// Of the macros around.
    variables: Vec<String>,
    names: Vec<String>,
}

type Parsed = Result<Node, ExpressionError>;

impl Parser {
    fn peek(&self) -> &Token {
        // The last one is the end, and nothing moves beyond it.
        self.tokens
            .get(self.next)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn error(&self, message: impl Into<String>) -> ExpressionError {
        let position = self
            .tokens
            .get(self.next)
            .map_or(1, |(_, position)| *position);
        ExpressionError {
            position,
            message: message.into(),
        }
    }

    fn advance(&mut self) {
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExpressionError> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(self.error(format!("`{sign}` is missing")))
        }
    }

    /// Runs `read` one level deeper.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.error(format!(
                "the expression is nested more than {NESTING_MAX} deep"
            )));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn choice(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.or()?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.choice()?;
            parser.expect(":")?;
            let no = parser.choice()?;
            Ok(Node::Choice(condition.into(), yes.into(), no.into()))
        })
    }

    fn or(&mut self) -> Parsed {
        let mut nodes = vec![self.and()?];
        while self.take("||") {
            nodes.push(self.and()?);
        }
        Ok(single(nodes, Node::Or))
    }

    fn and(&mut self) -> Parsed {
        let mut nodes = vec![self.relation()?];
        while self.take("&&") {
            nodes.push(self.relation()?);
        }
        Ok(single(nodes, Node::And))
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("==") => Operator::Equal,
                Token::Sign("!=") => Operator::Unequal,
                Token::Sign("<") => Operator::Less,
                Token::Sign("<=") => Operator::LessOrEqual,
                Token::Sign(">") => Operator::Greater,
                Token::Sign(">=") => Operator::GreaterOrEqual,
                Token::Name(name) if name == "in" => Operator::In,
                _ => return Ok(left),
            };
            self.advance();
            left = Node::Binary(operator, left.into(), self.sum()?.into());
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("+") => Operator::Add,
                Token::Sign("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            self.advance();
            left = Node::Binary(operator, left.into(), self.product()?.into());
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Operator::Multiply,
                Token::Sign("/") => Operator::Divide,
                Token::Sign("%") => Operator::Remainder,
                _ => return Ok(left),
            };
            self.advance();
            left = Node::Binary(operator, left.into(), self.unary()?.into());
        }
    }

    fn unary(&mut self) -> Parsed {
        if self.take("!") {
            return self.deeper(|parser| Ok(Node::Not(parser.unary()?.into())));
        }
        if self.take("-") {
            return self.deeper(|parser| {
                Ok(match parser.unary()? {
                    Node::Int(number) => Node::Int(-number),
                    Node::Double(number) => Node::Double(-number),
                    other => Node::Negative(other.into()),
                })
            });
        }
        self.member()
    }

    fn member(&mut self) -> Parsed {
        let mut node = self.primary()?;
        loop {
            if self.take(".") {
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.error("a name must follow the dot"));
                };
                self.advance();
                node = if self.take("(") {
                    self.method(node, &name)?
                } else {
                    Node::Field(node.into(), name)
                };
            } else if self.take("[") {
                let index = self.choice()?;
                self.expect("]")?;
                node = Node::Index(node.into(), index.into());
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek().clone();
        match token {
            Token::Int(number) => self.advanced(Node::Int(number)),
            Token::Double(number) => self.advanced(Node::Double(number)),
            Token::Text(text) => self.advanced(Node::Text(text)),
            Token::Sign("(") => {
                self.advance();
                let inner = self.choice()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.advance();
                Ok(Node::List(self.items("]")?))
            }
            Token::Sign("{") => {
                self.advance();
                self.map()
            }
            Token::Name(name) => {
                self.advance();
                match name.as_str() {
                    "true" => Ok(Node::Bool(true)),
                    "false" => Ok(Node::Bool(false)),
                    "null" => Ok(Node::Null),
                    "in" => Err(self.error("`in` needs something before it")),
                    _ if self.take("(") => self.function(&name),
                    _ => {
                        if !self.variables.contains(&name) && !self.names.contains(&name) {
                            self.names.push(name.clone());
                        }
                        Ok(Node::Name(name))
                    }
                }
            }
            Token::End => Err(self.error("something is missing at the end")),
            Token::Sign(sign) => Err(self.error(format!("`{sign}` does not belong here"))),
        }
    }

    fn advanced(&mut self, node: Node) -> Parsed {
        self.advance();
        Ok(node)
    }

    /// Up to the closing sign; a comma may stand before it.
    fn items(&mut self, close: &str) -> Result<Vec<Node>, ExpressionError> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.choice()?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Parsed {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.choice()?;
            self.expect(":")?;
            entries.push((key, self.choice()?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Node::Map(entries))
    }

    fn function(&mut self, name: &str) -> Parsed {
        if name == "has" {
            let argument = self.choice()?;
            self.expect(")")?;
            return match argument {
                Node::Field(of, field) => Ok(Node::Has(of, field)),
                _ => Err(self.error("has(…) asks for a field: has(details.region)")),
            };
        }
        let function = match name {
            "size" => Function::Size,
            "string" => Function::String,
            "int" | "uint" => Function::Int,
            "double" => Function::Double,
            "bool" => Function::Bool,
            "type" => Function::Type,
            "dyn" => {
                let argument = self.choice()?;
                self.expect(")")?;
                return Ok(argument);
            }
            "matches" => {
                let text = self.choice()?;
                self.expect(",")?;
                return self.pattern(text);
            }
            _ => return Err(self.error(format!("there is no function `{name}`"))),
        };
        let arguments = self.items(")")?;
        if arguments.len() != 1 {
            return Err(self.error(format!("{name}(…) takes one argument")));
        }
        Ok(Node::Call(function, arguments))
    }

    fn method(&mut self, of: Node, name: &str) -> Parsed {
        let kind = match name {
            "all" => Some(MacroKind::All),
            "exists" => Some(MacroKind::Exists),
            "exists_one" => Some(MacroKind::ExistsOne),
            "filter" => Some(MacroKind::Filter),
            "map" => Some(MacroKind::Map),
            _ => None,
        };
        if let Some(kind) = kind {
            return self.macro_of(of, kind, name);
        }
        if name == "matches" {
            return self.pattern(of);
        }
        let (function, counts): (_, &[usize]) = match name {
            "size" => (Function::Size, &[0]),
            "contains" => (Function::Contains, &[1]),
            "startsWith" => (Function::StartsWith, &[1]),
            "endsWith" => (Function::EndsWith, &[1]),
            "lowerAscii" => (Function::Lower, &[0]),
            "upperAscii" => (Function::Upper, &[0]),
            "trim" => (Function::Trim, &[0]),
            "replace" => (Function::Replace, &[2]),
            "split" => (Function::Split, &[1]),
            "join" => (Function::Join, &[0, 1]),
            _ => return Err(self.error(format!("there is no method `{name}`"))),
        };
        let mut arguments = vec![of];
        arguments.extend(self.items(")")?);
        if !counts.contains(&(arguments.len() - 1)) {
            return Err(self.error(format!(
                "{name}(…) has {} arguments, and takes {}",
                arguments.len() - 1,
                counts
                    .iter()
                    .map(usize::to_string)
                    .collect::<Vec<_>>()
                    .join(" or ")
            )));
        }
        Ok(Node::Call(function, arguments))
    }

    /// The pattern is compiled once, so it must stand in the expression.
    fn pattern(&mut self, text: Node) -> Parsed {
        let Token::Text(pattern) = self.peek().clone() else {
            return Err(self.error("matches(…) takes a pattern in quotes"));
        };
        let regex = RegexBuilder::new(&pattern)
            .size_limit(PATTERN_SIZE_MAX)
            .build()
            .map_err(|error| self.error(format!("the pattern cannot be read ({error})")))?;
        self.advance();
        self.expect(")")?;
        Ok(Node::Matches(text.into(), regex))
    }

    fn macro_of(&mut self, range: Node, kind: MacroKind, name: &str) -> Parsed {
        if self.variables.len() >= 2 {
            return Err(self.error("a macro may stand in one other macro, not deeper"));
        }
        let Token::Name(variable) = self.peek().clone() else {
            return Err(self.error(format!("{name}(…) starts with a variable: {name}(x, …)")));
        };
        self.advance();
        self.expect(",")?;
        self.variables.push(variable.clone());
        let body = self.deeper(|parser| {
            let first = parser.choice()?;
            if kind == MacroKind::Map && parser.take(",") {
                Ok((Some(first), parser.choice()?))
            } else {
                Ok((None, first))
            }
        });
        self.variables.pop();
        let (condition, body) = body?;
        self.expect(")")?;
        Ok(Node::Macro(Box::new(Macro {
            kind,
            range,
            variable,
            condition,
            body,
        })))
    }
}

fn single(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => {
            nodes.extend(last);
            many(nodes)
        }
    }
}
