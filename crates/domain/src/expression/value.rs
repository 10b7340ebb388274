//! Values while an expression is evaluated: those of the scope are borrowed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

use super::{Budget, EvaluationError};

#[derive(Clone)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    List(&'a [Value]),
    Map(&'a Map<String, Value>),
    /// Made by the expression.
    Made(Rc<Vec<Val<'a>>>),
    MadeMap(Rc<Vec<(String, Val<'a>)>>),
}

impl<'a> Val<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Val::Null,
            Value::Bool(answer) => Val::Bool(*answer),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Val::Int(whole),
                None => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Val::Text(Cow::Borrowed(text)),
            Value::Array(items) => Val::List(items),
            Value::Object(fields) => Val::Map(fields),
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "a boolean",
            Val::Int(_) | Val::Double(_) => "a number",
            Val::Text(_) => "a text",
            Val::List(_) | Val::Made(_) => "a list",
            Val::Map(_) | Val::MadeMap(_) => "a map",
        }
    }

    /// The name of the type, as `type(…)` gives it.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Val::Null => "null_type",
            Val::Bool(_) => "bool",
            Val::Int(_) => "int",
            Val::Double(_) => "double",
            Val::Text(_) => "string",
            Val::List(_) | Val::Made(_) => "list",
            Val::Map(_) | Val::MadeMap(_) => "map",
        }
    }

    /// Items of a list, keys of a map.
    pub(super) fn items(&self) -> Option<Vec<Val<'a>>> {
        Some(match self {
            Val::List(items) => items.iter().map(Val::of).collect(),
            Val::Made(items) => items.to_vec(),
            Val::Map(fields) => fields
                .keys()
                .map(|name| Val::Text(Cow::Borrowed(name.as_str())))
                .collect(),
            Val::MadeMap(fields) => fields
                .iter()
                .map(|(name, _)| Val::Text(Cow::Owned(name.clone())))
                .collect(),
            _ => return None,
        })
    }

    pub(super) fn length(&self) -> Option<usize> {
        Some(match self {
            Val::Text(text) => text.chars().count(),
            Val::List(items) => items.len(),
            Val::Made(items) => items.len(),
            Val::Map(fields) => fields.len(),
            Val::MadeMap(fields) => fields.len(),
            _ => return None,
        })
    }

    pub(super) fn field(&self, name: &str) -> Option<Val<'a>> {
        match self {
            Val::Map(fields) => fields.get(name).map(Val::of),
            Val::MadeMap(fields) => fields
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.clone()),
            _ => None,
        }
    }

    pub(super) fn item(&self, at: usize) -> Option<Val<'a>> {
        match self {
            Val::List(items) => items.get(at).map(Val::of),
            Val::Made(items) => items.get(at).cloned(),
            _ => None,
        }
    }

    /// Equality of any two values; different types are unequal, numbers are compared as numbers.
    pub(super) fn equals(
        &self,
        other: &Val<'_>,
        budget: &mut Budget,
    ) -> Result<bool, EvaluationError> {
        budget.spend(1)?;
        if let (Some(left), Some(right)) = (self.number(), other.number()) {
            return Ok(compare_numbers(left, right) == Some(Ordering::Equal));
        }
        Ok(match (self, other) {
            (Val::Null, Val::Null) => true,
            (Val::Bool(left), Val::Bool(right)) => left == right,
            (Val::Text(left), Val::Text(right)) => {
                budget.spend(left.len().min(right.len()) as u64 / 32)?;
                left == right
            }
            (Val::List(_) | Val::Made(_), Val::List(_) | Val::Made(_)) => {
                let length = self.length();
                if length != other.length() {
                    return Ok(false);
                }
                for at in 0..length.unwrap_or(0) {
                    let (Some(left), Some(right)) = (self.item(at), other.item(at)) else {
                        return Ok(false);
                    };
                    if !left.equals(&right, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Val::Map(_) | Val::MadeMap(_), Val::Map(_) | Val::MadeMap(_)) => {
                let Some(keys) = self
                    .items()
                    .filter(|keys| Some(keys.len()) == other.length())
                else {
                    return Ok(false);
                };
                for key in keys {
                    let Val::Text(key) = key else {
                        return Ok(false);
                    };
                    budget.spend(self.length().unwrap_or(0) as u64 / 8)?;
                    match (self.field(&key), other.field(&key)) {
                        (Some(left), Some(right)) if left.equals(&right, budget)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            _ => false,
        })
    }

    pub(super) const fn number(&self) -> Option<Numeric> {
        match self {
            Val::Int(number) => Some(Numeric::Int(*number)),
            Val::Double(number) => Some(Numeric::Double(*number)),
            _ => None,
        }
    }

    pub(super) fn into_json(self, budget: &mut Budget) -> Result<Value, EvaluationError> {
        budget.spend(1)?;
        Ok(match self {
            Val::Null => Value::Null,
            Val::Bool(answer) => answer.into(),
            Val::Int(number) => number.into(),
            Val::Double(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
            Val::Text(text) => {
                budget.spend(copied(text.len()))?;
                text.into_owned().into()
            }
            Val::List(items) => {
                items.iter().try_for_each(|item| weigh(item, budget))?;
                items.to_vec().into()
            }
            Val::Map(fields) => {
                for (name, value) in fields {
                    budget.spend(copied(name.len()))?;
                    weigh(value, budget)?;
                }
                fields.clone().into()
            }
            Val::Made(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.clone().into_json(budget))
                    .collect::<Result<_, _>>()?,
            ),
            Val::MadeMap(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, item)| Ok((name.clone(), item.clone().into_json(budget)?)))
                    .collect::<Result<_, EvaluationError>>()?,
            ),
        })
    }
}

/// Steps for copying a text: a result is held in memory, and can be a borrowed text many times over.
const fn copied(length: usize) -> u64 {
    length as u64 / 16 + 1
}

/// Spends for copying a whole value before it is copied.
fn weigh(value: &Value, budget: &mut Budget) -> Result<(), EvaluationError> {
    budget.spend(1)?;
    match value {
        Value::String(text) => budget.spend(copied(text.len())),
        Value::Array(items) => items.iter().try_for_each(|item| weigh(item, budget)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            budget.spend(copied(name.len()))?;
            weigh(value, budget)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[derive(Clone, Copy)]
pub(super) enum Numeric {
    Int(i64),
    Double(f64),
}

impl Numeric {
    pub(super) const fn double(self) -> f64 {
        match self {
            Numeric::Int(number) => number as f64,
            Numeric::Double(number) => number,
        }
    }
}

pub(super) fn compare_numbers(left: Numeric, right: Numeric) -> Option<Ordering> {
    match (left, right) {
        (Numeric::Int(left), Numeric::Int(right)) => Some(left.cmp(&right)),
        (left, right) => left.double().partial_cmp(&right.double()),
    }
}
