//! Coverage against small worlds by hand, and against the what-if, minute by minute.

mod by_hand;
mod oracle;
