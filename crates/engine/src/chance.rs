//! The one place that draws at random for the outbox: how retries are spread, and reply codes.

/// Draws 64 random bits.
pub trait Chance: Send + Sync + 'static {
    fn draw(&self) -> u64;
}

/// The machine's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn draw(&self) -> u64 {
        rand::random()
    }
}

/// A draw as a number in 0..1.
#[expect(
    clippy::cast_precision_loss,
    reason = "32 bits fit a float, and a spread needs no more"
)]
pub(crate) fn unit(draw: u64) -> f64 {
    (draw >> 32) as f64 / (1_u64 << 32) as f64
}
