//! What was measured, beside what was wanted.

/// Lines of the result.
#[derive(Default)]
pub struct Table {
    lines: Vec<[String; 4]>,
}

impl Table {
    /// A measurement with a target and whether it was met.
    pub fn target(&mut self, what: &str, measured: String, target: &str, met: bool) {
        let verdict = if met { "ok" } else { "MISSED" };
        self.line(what, measured, target, verdict);
    }

    /// A measurement for comparison only.
    pub fn fact(&mut self, what: &str, measured: String) {
        self.line(what, measured, "", "");
    }

    fn line(&mut self, what: &str, measured: String, target: &str, verdict: &str) {
        println!("  {what}: {measured}");
        let line = [
            what.to_owned(),
            measured,
            target.to_owned(),
            verdict.to_owned(),
        ];
        self.lines.push(line);
    }

    pub fn print(&self) {
        let width = |column: usize| {
            let cells = self.lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths = [width(0), width(1), width(2)];
        println!();
        for [what, measured, target, verdict] in &self.lines {
            let line = format!(
                "{what:0$}  {measured:>1$}  {target:2$}  {verdict}",
                widths[0], widths[1], widths[2]
            );
            println!("{}", line.trim_end());
        }
        println!();
    }
}
