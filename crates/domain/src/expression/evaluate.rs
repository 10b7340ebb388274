//! From a tree and a scope to a value, within a budget.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::Value;

use super::number::{arithmetic, as_number, overflow};
use super::tree::{Function, Macro, MacroKind, Node, Operator};
use super::value::{Val, compare_numbers};
use super::{Budget, EvaluationError};

pub(super) fn run(
    root: &Node,
    scope: &Value,
    budget: &mut Budget,
) -> Result<Value, EvaluationError> {
    let mut run = Run {
        scope,
        variables: Vec::new(),
        budget,
    };
    let value = run.value(root)?;
    value.into_json(run.budget)
}

struct Run<'a, 'b> {
    scope: &'a Value,
    variables: Vec<(&'a str, Val<'a>)>,
    budget: &'b mut Budget,
}

pub(super) type Found<'a> = Result<Val<'a>, EvaluationError>;

pub(super) fn wrong<T>(message: String) -> Result<T, EvaluationError> {
    Err(EvaluationError::Type(message))
}

impl<'a> Run<'a, '_> {
    /// Spends for work on a text or list of some length.
    fn work(&mut self, length: usize) -> Result<(), EvaluationError> {
        self.budget.spend(length as u64 / 32 + 1)
    }

    fn value(&mut self, node: &'a Node) -> Found<'a> {
        self.budget.spend(1)?;
        Ok(match node {
            Node::Null => Val::Null,
            Node::Bool(answer) => Val::Bool(*answer),
            Node::Int(number) => Val::Int(*number),
            Node::Double(number) => Val::Double(*number),
            Node::Text(text) => Val::Text(Cow::Borrowed(text)),
            Node::Name(name) => self.named(name)?,
            Node::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                Val::Made(Rc::new(items.collect::<Result<_, _>>()?))
            }
            Node::Map(entries) => {
                let mut made: Vec<(String, Val<'a>)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let Val::Text(key) = self.value(key)? else {
                        return wrong("the keys of a map are texts".to_owned());
                    };
                    if made.iter().any(|(found, _)| *found == key) {
                        return wrong(format!("the key `{key}` stands twice in a map"));
                    }
                    made.push((key.into_owned(), self.value(value)?));
                }
                Val::MadeMap(Rc::new(made))
            }
            Node::Field(of, name) => self.field(of, name)?,
            Node::Index(of, at) => self.indexed(of, at)?,
            Node::Has(of, name) => {
                let of = self.value(of)?;
                match &of {
                    Val::Map(_) | Val::MadeMap(_) => Val::Bool(of.field(name).is_some()),
                    other => return wrong(format!("{} has no fields", other.kind())),
                }
            }
            Node::Not(inner) => Val::Bool(!self.truth(inner)?),
            Node::Negative(inner) => match self.value(inner)? {
                Val::Int(number) => Val::Int(number.checked_neg().ok_or_else(overflow)?),
                Val::Double(number) => Val::Double(-number),
                other => return wrong(format!("{} cannot be made negative", other.kind())),
            },
            Node::And(nodes) => Val::Bool(self.short_cut(nodes, false)?),
            Node::Or(nodes) => Val::Bool(self.short_cut(nodes, true)?),
            Node::Choice(condition, yes, no) => {
                let chosen = if self.truth(condition)? { yes } else { no };
                self.value(chosen)?
            }
            Node::Binary(operator, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                self.binary(*operator, left, right)?
            }
            Node::Call(function, arguments) => {
                let arguments: Vec<Val<'a>> = arguments
                    .iter()
                    .map(|argument| self.value(argument))
                    .collect::<Result<_, _>>()?;
                self.call(*function, &arguments)?
            }
            Node::Matches(text, pattern) => match self.value(text)? {
                Val::Text(text) => {
                    // Each character meets up to a few hundred states.
                    self.budget.spend(text.len() as u64 * 8)?;
                    Val::Bool(pattern.is_match(&text))
                }
                other => {
                    return wrong(format!("matches(…) is for texts, not for {}", other.kind()));
                }
            },
            Node::Macro(inner) => self.macro_of(inner)?,
        })
    }

    fn truth(&mut self, node: &'a Node) -> Result<bool, EvaluationError> {
        match self.value(node)? {
            Val::Bool(answer) => Ok(answer),
            other => wrong(format!(
                "true or false was expected, and this is {}",
                other.kind()
            )),
        }
    }

    fn named(&mut self, name: &str) -> Found<'a> {
        let of_macro = self
            .variables
            .iter()
            .rev()
            .find(|(found, _)| *found == name);
        match of_macro {
            Some((_, value)) => Ok(value.clone()),
            None => self
                .scope
                .get(name)
                .map(Val::of)
                .ok_or_else(|| EvaluationError::Missing(name.to_owned())),
        }
    }

    fn field(&mut self, of: &'a Node, name: &str) -> Found<'a> {
        let of = self.value(of)?;
        match &of {
            Val::Map(_) | Val::MadeMap(_) => of
                .field(name)
                .ok_or_else(|| EvaluationError::Missing(name.to_owned())),
            other => wrong(format!("{} has no field `{name}`", other.kind())),
        }
    }

    fn indexed(&mut self, of: &'a Node, at: &'a Node) -> Found<'a> {
        let of = self.value(of)?;
        let at = self.value(at)?;
        match (&of, &at) {
            (Val::Map(_) | Val::MadeMap(_), Val::Text(name)) => of
                .field(name)
                .ok_or_else(|| EvaluationError::Missing(name.clone().into_owned())),
            (Val::List(_) | Val::Made(_), Val::Int(number)) => usize::try_from(*number)
                .ok()
                .and_then(|at| of.item(at))
                .ok_or_else(|| EvaluationError::Missing(format!("[{number}]"))),
            (of, at) => wrong(format!(
                "{} cannot be looked up in {}",
                at.kind(),
                of.kind()
            )),
        }
    }

    /// `&&` and `||`: a value that decides wins over an error on the other side, as CEL wants it.
    fn short_cut(&mut self, nodes: &'a [Node], decisive: bool) -> Result<bool, EvaluationError> {
        let mut failed = None;
        for node in nodes {
            match self.truth(node) {
                Ok(answer) if answer == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(EvaluationError::Exhausted) => return Err(EvaluationError::Exhausted),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(!decisive), Err)
    }

    fn binary(&mut self, operator: Operator, left: Val<'a>, right: Val<'a>) -> Found<'a> {
        use Operator as O;
        Ok(match operator {
            O::Equal => Val::Bool(left.equals(&right, self.budget)?),
            O::Unequal => Val::Bool(!left.equals(&right, self.budget)?),
            O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => {
                let Some(order) = self.order(&left, &right)? else {
                    // Not a number.
                    return Ok(Val::Bool(false));
                };
                Val::Bool(match operator {
                    O::Less => order == Ordering::Less,
                    O::LessOrEqual => order != Ordering::Greater,
                    O::Greater => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                })
            }
            O::In => self.contained(&left, &right)?,
            O::Add => self.add(left, right)?,
            O::Subtract | O::Multiply | O::Divide | O::Remainder => {
                let (Some(a), Some(b)) = (left.number(), right.number()) else {
                    return wrong(format!(
                        "{} and {} cannot be calculated with",
                        left.kind(),
                        right.kind()
                    ));
                };
                arithmetic(operator, a, b)?
            }
        })
    }

    fn order(
        &mut self,
        left: &Val<'_>,
        right: &Val<'_>,
    ) -> Result<Option<Ordering>, EvaluationError> {
        if let (Some(left), Some(right)) = (left.number(), right.number()) {
            return Ok(compare_numbers(left, right));
        }
        match (left, right) {
            (Val::Text(left), Val::Text(right)) => {
                self.work(left.len().min(right.len()))?;
                Ok(Some(left.cmp(right)))
            }
            (Val::Bool(left), Val::Bool(right)) => Ok(Some(left.cmp(right))),
            (left, right) => wrong(format!(
                "{} and {} have no order",
                left.kind(),
                right.kind()
            )),
        }
    }

    fn contained(&mut self, left: &Val<'a>, right: &Val<'a>) -> Found<'a> {
        match (left, right) {
            (Val::Text(name), Val::Map(_) | Val::MadeMap(_)) => {
                Ok(Val::Bool(right.field(name).is_some()))
            }
            (_, Val::List(_) | Val::Made(_)) => {
                for at in 0..right.length().unwrap_or(0) {
                    let Some(item) = right.item(at) else {
                        break;
                    };
                    if left.equals(&item, self.budget)? {
                        return Ok(Val::Bool(true));
                    }
                }
                Ok(Val::Bool(false))
            }
            (left, right) => wrong(format!(
                "{} cannot be looked for in {}",
                left.kind(),
                right.kind()
            )),
        }
    }

    fn add(&mut self, left: Val<'a>, right: Val<'a>) -> Found<'a> {
        if let (Some(a), Some(b)) = (left.number(), right.number()) {
            return arithmetic(Operator::Add, a, b);
        }
        match (left, right) {
            (Val::Text(left), Val::Text(right)) => {
                self.work((left.len() + right.len()) * 4)?;
                Ok(Val::Text(Cow::Owned(left.into_owned() + &right)))
            }
            (left @ (Val::List(_) | Val::Made(_)), right @ (Val::List(_) | Val::Made(_))) => {
                let mut items = left.items().unwrap_or_default();
                items.extend(right.items().unwrap_or_default());
                self.budget.spend(items.len() as u64)?;
                Ok(Val::Made(Rc::new(items)))
            }
            (left, right) => wrong(format!(
                "{} and {} cannot be put together: string(…) makes texts",
                left.kind(),
                right.kind()
            )),
        }
    }

    fn call(&mut self, function: Function, arguments: &[Val<'a>]) -> Found<'a> {
        use Function as F;
        let Some(first) = arguments.first() else {
            return wrong("an argument is missing".to_owned());
        };
        match function {
            F::Size => {
                if let Val::Text(text) = first {
                    self.work(text.len())?;
                }
                return match first.length() {
                    Some(length) => Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX))),
                    None => wrong(format!("{} has no size", first.kind())),
                };
            }
            F::Type => return Ok(Val::Text(Cow::Borrowed(first.type_name()))),
            F::String => return self.as_text(first),
            F::Int | F::Double => return as_number(function, first),
            F::Bool => {
                return match first {
                    Val::Bool(answer) => Ok(Val::Bool(*answer)),
                    Val::Text(text) if text == "true" => Ok(Val::Bool(true)),
                    Val::Text(text) if text == "false" => Ok(Val::Bool(false)),
                    other => wrong(format!("{} is neither true nor false", other.kind())),
                };
            }
            F::Join => return self.join(first, arguments.get(1)),
            _ => {}
        }
        let Val::Text(text) = first else {
            return wrong(format!("a text was expected, and this is {}", first.kind()));
        };
        let mut others = Vec::with_capacity(2);
        for argument in &arguments[1..] {
            match argument {
                Val::Text(other) => others.push(other.as_ref()),
                other => {
                    return wrong(format!("a text was expected, and this is {}", other.kind()));
                }
            }
        }
        // Searching is linear; replacing can make much of little.
        self.work(text.len() * 4)?;
        let other = others.first().copied().unwrap_or_default();
        Ok(match function {
            F::Contains => Val::Bool(text.contains(other)),
            F::StartsWith => Val::Bool(text.starts_with(other)),
            F::EndsWith => Val::Bool(text.ends_with(other)),
            F::Lower => Val::Text(Cow::Owned(text.to_ascii_lowercase())),
            F::Upper => Val::Text(Cow::Owned(text.to_ascii_uppercase())),
            F::Trim => Val::Text(Cow::Owned(text.trim().to_owned())),
            F::Split => {
                let pieces: Vec<Val<'a>> = if other.is_empty() {
                    text.chars()
                        .map(|c| Val::Text(Cow::Owned(c.to_string())))
                        .collect()
                } else {
                    text.split(other)
                        .map(|piece| Val::Text(Cow::Owned(piece.to_owned())))
                        .collect()
                };
                self.budget.spend(pieces.len() as u64)?;
                Val::Made(Rc::new(pieces))
            }
            _ => {
                let with = others.get(1).copied().unwrap_or_default();
                let found = if other.is_empty() {
                    text.chars().count() + 1
                } else {
                    text.matches(other).count()
                };
                self.work(found.saturating_mul(with.len()).saturating_mul(4))?;
                Val::Text(Cow::Owned(text.replace(other, with)))
            }
        })
    }

    fn as_text(&mut self, value: &Val<'a>) -> Found<'a> {
        Ok(Val::Text(match value {
            Val::Text(text) => {
                self.work(text.len())?;
                text.clone()
            }
            Val::Int(number) => Cow::Owned(number.to_string()),
            Val::Double(number) => Cow::Owned(number.to_string()),
            Val::Bool(answer) => Cow::Owned(answer.to_string()),
            other => return wrong(format!("{} cannot be made a text", other.kind())),
        }))
    }

    fn join(&mut self, list: &Val<'a>, between: Option<&Val<'a>>) -> Found<'a> {
        let between = match between {
            None => "",
            Some(Val::Text(between)) => between.as_ref(),
            Some(other) => {
                return wrong(format!("a text was expected, and this is {}", other.kind()));
            }
        };
        let (Val::List(_) | Val::Made(_)) = list else {
            return wrong(format!("a list was expected, and this is {}", list.kind()));
        };
        let mut out = String::new();
        for (at, item) in list.items().unwrap_or_default().into_iter().enumerate() {
            let Val::Text(item) = item else {
                return wrong("a list of texts was expected".to_owned());
            };
            self.work((item.len() + between.len()) * 4)?;
            if at > 0 {
                out.push_str(between);
            }
            out.push_str(&item);
        }
        Ok(Val::Text(Cow::Owned(out)))
    }

    fn macro_of(&mut self, of: &'a Macro) -> Found<'a> {
        let range = self.value(&of.range)?;
        let Some(length) = range.length().filter(|_| !matches!(range, Val::Text(_))) else {
            return wrong(format!("{} cannot be gone through", range.kind()));
        };
        self.budget.spend(length as u64)?;
        let items = range.items().unwrap_or_default();
        let mut kept = Vec::new();
        let mut hits = 0;
        let mut failed = None;
        for item in items {
            self.variables.push((of.variable.as_str(), item.clone()));
            let outcome = self.one(of);
            self.variables.pop();
            match (of.kind, outcome) {
                (_, Err(EvaluationError::Exhausted)) => return Err(EvaluationError::Exhausted),
                (MacroKind::All, Ok(Some(Val::Bool(false)))) => return Ok(Val::Bool(false)),
                (MacroKind::Exists, Ok(Some(Val::Bool(true)))) => return Ok(Val::Bool(true)),
                // A later item may still decide.
                (MacroKind::All | MacroKind::Exists, Err(error)) => {
                    failed = failed.or(Some(error));
                }
                (_, Err(error)) => return Err(error),
                (MacroKind::ExistsOne, Ok(Some(Val::Bool(true)))) => hits += 1,
                (MacroKind::Filter, Ok(Some(Val::Bool(true)))) => kept.push(item),
                (MacroKind::Map, Ok(Some(value))) => kept.push(value),
                (MacroKind::Map, Ok(None)) | (_, Ok(Some(Val::Bool(_)))) => {}
                (_, Ok(other)) => {
                    return wrong(format!(
                        "true or false was expected for each item, and this is {}",
                        other.map_or("nothing", |other| other.kind())
                    ));
                }
            }
        }
        match (of.kind, failed) {
            (MacroKind::All | MacroKind::Exists, Some(error)) => Err(error),
            (MacroKind::All, None) => Ok(Val::Bool(true)),
            (MacroKind::Exists, None) => Ok(Val::Bool(false)),
            (MacroKind::ExistsOne, _) => Ok(Val::Bool(hits == 1)),
            (MacroKind::Filter | MacroKind::Map, _) => Ok(Val::Made(Rc::new(kept))),
        }
    }

    /// The body for one item; nothing when the condition of a `map` says so.
    fn one(&mut self, of: &'a Macro) -> Result<Option<Val<'a>>, EvaluationError> {
        if let Some(condition) = &of.condition
            && !self.truth(condition)?
        {
            return Ok(None);
        }
        self.value(&of.body).map(Some)
    }
}
