//! Calculating: numbers never wrap around and nothing is divided by zero.

use super::evaluate::{Found, wrong};
use super::tree::{Function, Operator};
use super::value::{Numeric, Val};
use super::{EvaluationError, brief};

pub(super) fn overflow() -> EvaluationError {
    EvaluationError::Type("the number became too large".to_owned())
}

pub(super) fn as_number(function: Function, value: &Val<'_>) -> Found<'static> {
    let bad = || format!("{} is not a number", value.kind());
    let number = match value {
        Val::Int(number) => Numeric::Int(*number),
        Val::Double(number) => Numeric::Double(*number),
        Val::Text(text) => match (text.trim().parse(), text.trim().parse()) {
            (Ok(whole), _) => Numeric::Int(whole),
            (Err(_), Ok(double)) => Numeric::Double(double),
            _ => {
                return wrong(format!("\"{}\" is not a number", brief(text)));
            }
        },
        _ => return wrong(bad()),
    };
    match (function, number) {
        (Function::Double, number) => Ok(Val::Double(number.double())),
        (_, Numeric::Int(number)) => Ok(Val::Int(number)),
        // Towards zero; casting would hide what does not fit.
        (_, Numeric::Double(number)) if number.abs() < 9.2e18 => Ok(Val::Int(number as i64)),
        _ => Err(overflow()),
    }
}

pub(super) fn arithmetic(operator: Operator, left: Numeric, right: Numeric) -> Found<'static> {
    use Operator as O;
    if let (Numeric::Int(left), Numeric::Int(right)) = (left, right) {
        if right == 0 && matches!(operator, O::Divide | O::Remainder) {
            return wrong("a number was divided by zero".to_owned());
        }
        return match operator {
            O::Add => left.checked_add(right),
            O::Subtract => left.checked_sub(right),
            O::Multiply => left.checked_mul(right),
            O::Divide => left.checked_div(right),
            _ => left.checked_rem(right),
        }
        .map(Val::Int)
        .ok_or_else(overflow);
    }
    let (left, right) = (left.double(), right.double());
    Ok(Val::Double(match operator {
        O::Add => left + right,
        O::Subtract => left - right,
        O::Multiply => left * right,
        O::Divide => left / right,
        _ => return wrong("the remainder is for whole numbers".to_owned()),
    }))
}
