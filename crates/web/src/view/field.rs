//! Fields of forms: label, control, hint and error beside it, drawn alike everywhere.

use std::fmt::Write as _;

use super::badge::icon;
use super::form::Form;
use super::frame::{Choice, ChoiceGroup, Frame, Markup};
use crate::picture::svg::escape;

impl Form {
    /// What was typed into the form called `name` on a page of several: this form when it is that
    /// one (its value `form` says so), else an empty one. Ids get the name in front.
    pub fn only(&self, name: &str) -> Form {
        let mut form = if self.get("form") == name {
            self.clone()
        } else {
            Form::new()
        };
        form.scope = format!("{name}-");
        form
    }

    /// Like [`Form::only`], and a value shown as long as nothing was typed.
    pub fn or(mut self, name: &str, value: &str) -> Form {
        if !self.ticked(name) && !self.has_errors() {
            self = self.with(name, value);
        }
        self
    }

    fn id(&self, name: &str) -> String {
        format!("f-{}{name}", self.scope)
    }

    /// The attributes that tie a control to its hint and error.
    fn ties(&self, name: &str, hint: &str) -> String {
        let id = self.id(name);
        let error = self.error(name);
        let mut described = Vec::new();
        if !error.is_empty() {
            described.push(format!("{id}-error"));
        }
        if !self.note_of(name).is_empty() {
            described.push(format!("{id}-note"));
        }
        if !hint.is_empty() {
            described.push(format!("{id}-hint"));
        }
        let mut ties = format!(" id=\"{id}\" name=\"{}\"", escape(name));
        if !described.is_empty() {
            let _ = write!(ties, " aria-describedby=\"{}\"", described.join(" "));
        }
        if !error.is_empty() {
            ties.push_str(" aria-invalid=\"true\"");
        }
        ties
    }

    fn wrap(&self, name: &str, label: &str, hint: &str, control: &str) -> Markup {
        let id = self.id(name);
        let mut out = format!(
            "<div class=\"field\"><label class=\"form-label\" for=\"{id}\">{}</label>{control}",
            escape(label)
        );
        self.tail(&mut out, name, hint);
        out.push_str("</div>");
        Markup(out)
    }

    fn tail(&self, out: &mut String, name: &str, hint: &str) {
        let id = self.id(name);
        let error = self.error(name);
        if !error.is_empty() {
            let _ = write!(
                out,
                "<p class=\"field-error\" id=\"{id}-error\">{}{}</p>",
                icon("alert-triangle"),
                escape(error)
            );
        }
        let note = self.note_of(name);
        if !note.is_empty() {
            let _ = write!(
                out,
                "<p class=\"field-note\" id=\"{id}-note\">{}{}</p>",
                icon("clock"),
                escape(note)
            );
        }
        if !hint.is_empty() {
            let _ = write!(
                out,
                "<p class=\"field-hint\" id=\"{id}-hint\">{}</p>",
                escape(hint)
            );
        }
    }

    /// The error of a field whose control the template writes itself.
    pub fn complaint(&self, name: &str) -> Markup {
        let mut out = String::new();
        self.tail(&mut out, name, "");
        Markup(out)
    }

    /// A one-line field. `kind` is the input's type, `attributes` stands in the tag as written; a
    /// password is never filled in again.
    pub fn input(
        &self,
        name: &str,
        label: &str,
        kind: &str,
        attributes: &str,
        hint: &str,
    ) -> Markup {
        let value = if kind == "password" {
            ""
        } else {
            self.get(name)
        };
        let control = format!(
            "<input class=\"form-control{}\" type=\"{kind}\" value=\"{}\" {attributes}{}>",
            self.bad(name),
            escape(value),
            self.ties(name, hint)
        );
        self.wrap(name, label, hint, &control)
    }

    /// A field of several lines.
    pub fn area(
        &self,
        name: &str,
        label: &str,
        rows: usize,
        attributes: &str,
        hint: &str,
    ) -> Markup {
        let control = format!(
            "<textarea class=\"form-control{}\" rows=\"{rows}\" {attributes}{}>{}</textarea>",
            self.bad(name),
            self.ties(name, hint),
            escape(self.get(name))
        );
        self.wrap(name, label, hint, &control)
    }

    /// A choice of one. `empty` labels the option without a value; when it is empty there is none.
    pub fn select(
        &self,
        name: &str,
        label: &str,
        choices: &[Choice],
        empty: &str,
        hint: &str,
    ) -> Markup {
        let mut control = self.open_select(name, hint, empty);
        for choice in choices {
            option(&mut control, choice, self.get(name) == choice.value);
        }
        control.push_str("</select>");
        self.wrap(name, label, hint, &control)
    }

    /// A choice of one out of groups.
    pub fn grouped(
        &self,
        name: &str,
        label: &str,
        groups: &[ChoiceGroup],
        empty: &str,
        hint: &str,
    ) -> Markup {
        let mut control = self.open_select(name, hint, empty);
        options(&mut control, groups, self.get(name));
        control.push_str("</select>");
        self.wrap(name, label, hint, &control)
    }

    fn open_select(&self, name: &str, hint: &str, empty: &str) -> String {
        let mut control = format!(
            "<select class=\"form-select{}\"{}>",
            self.bad(name),
            self.ties(name, hint)
        );
        if !empty.is_empty() {
            let _ = write!(control, "<option value=\"\">{}</option>", escape(empty));
        }
        control
    }

    /// A zone, with every IANA zone offered.
    pub fn zone(&self, name: &str, label: &str, zones: &[Choice], hint: &str) -> Markup {
        self.select(name, label, zones, "", hint)
    }

    /// A box to tick.
    pub fn check(&self, name: &str, value: &str, label: &str, hint: &str) -> Markup {
        let id = self.id(name);
        let mut out = format!(
            "<div class=\"field\"><label class=\"form-check\"><input class=\"form-check-input\" type=\"checkbox\" value=\"{}\"{}{}>\
             <span class=\"form-check-label\">{}</span></label>",
            escape(value),
            if self.is(name, value) { " checked" } else { "" },
            self.ties(name, hint),
            escape(label)
        );
        let _ = id;
        self.tail(&mut out, name, hint);
        out.push_str("</div>");
        Markup(out)
    }

    fn bad(&self, name: &str) -> &'static str {
        if self.error(name).is_empty() {
            ""
        } else {
            " is-invalid"
        }
    }

    /// The attributes that tie a control which the template writes itself to its error
    /// ([`Form::complaint`]).
    pub fn marked(&self, name: &str) -> Markup {
        if self.error(name).is_empty() {
            return Markup::default();
        }
        Markup(format!(
            " aria-invalid=\"true\" aria-describedby=\"{}-error\"",
            self.id(name)
        ))
    }

    /// What is wrong with the form, on top of it, with the way to each field. On a page of several
    /// forms the fields are those of the form that was refused.
    pub fn summary(&self) -> Markup {
        if !self.has_errors() {
            return Markup::default();
        }
        let refused = self.get("form");
        if self.scope.is_empty() && !refused.is_empty() {
            return self.only(refused).summary();
        }
        let mut out = format!(
            "<div class=\"summary\" role=\"alert\" tabindex=\"-1\"><p class=\"summary-head\">{}{}</p><ul>",
            icon("alert-triangle"),
            match self.errors().len() {
                0 => "That did not work.",
                // A question of the what-if saves nothing.
                _ if self
                    .errors()
                    .iter()
                    .all(|(name, _)| name.starts_with("if-")) =>
                {
                    "This needs another look."
                }
                1 => "Not saved yet. One thing needs another look.",
                _ => "Not saved yet. These need another look.",
            }
        );
        for message in self.general() {
            let _ = write!(out, "<li>{}</li>", escape(message));
        }
        for (name, message) in self.errors() {
            let _ = write!(
                out,
                "<li><a href=\"#{}\">{}</a></li>",
                escape(&self.id(name)),
                escape(message)
            );
        }
        out.push_str("</ul></div>");
        Markup(out)
    }
}

fn option(out: &mut String, choice: &Choice, chosen: bool) {
    let _ = write!(
        out,
        "<option value=\"{}\"{}>{}</option>",
        escape(&choice.value),
        if chosen { " selected" } else { "" },
        escape(&choice.label)
    );
}

fn options(out: &mut String, groups: &[ChoiceGroup], chosen: &str) {
    for group in groups {
        let _ = write!(out, "<optgroup label=\"{}\">", escape(&group.label));
        for choice in &group.choices {
            option(out, choice, choice.value == chosen);
        }
        out.push_str("</optgroup>");
    }
}

impl Frame {
    /// The hidden field every form carries.
    pub fn csrf_field(&self) -> Markup {
        Markup(format!(
            "<input type=\"hidden\" name=\"csrf\" value=\"{}\">",
            escape(&self.csrf)
        ))
    }

    /// ` selected` for the option that a field has.
    pub fn chosen<T: PartialEq>(&self, have: &Option<T>, option: &T) -> &'static str {
        if have.as_ref() == Some(option) {
            " selected"
        } else {
            ""
        }
    }

    /// A `<select>` of a row of a form: label for readers only, values by hand.
    pub fn row_select(
        &self,
        name: &str,
        label: &str,
        choices: &[Choice],
        chosen: &str,
        empty: &str,
    ) -> Markup {
        let mut out = open_row_select(name, label, empty);
        for choice in choices {
            option(&mut out, choice, choice.value == chosen);
        }
        out.push_str("</select>");
        Markup(out)
    }

    /// Like [`Frame::row_select`], in groups.
    pub fn row_groups(
        &self,
        name: &str,
        label: &str,
        groups: &[ChoiceGroup],
        chosen: &str,
        empty: &str,
    ) -> Markup {
        let mut out = open_row_select(name, label, empty);
        options(&mut out, groups, chosen);
        out.push_str("</select>");
        Markup(out)
    }

    /// Text to copy, with a button that script makes work.
    pub fn copyable(&self, id: &str, text: &str) -> Markup {
        Markup(format!(
            "<div class=\"copyable\"><pre id=\"copy-{0}\" tabindex=\"0\">{1}</pre><button class=\"btn script-only\" type=\"button\" data-copy=\"copy-{0}\">{2}Copy</button></div>",
            escape(id),
            escape(text),
            icon("copy")
        ))
    }

    /// A form of a single button.
    pub fn button(&self, action: &str, label: &str, picture: &str, class: &str) -> Markup {
        self.confirmed_button(action, label, picture, class, "")
    }

    /// A form of a single button that script asks about first.
    pub fn confirmed_button(
        &self,
        action: &str,
        label: &str,
        picture: &str,
        class: &str,
        question: &str,
    ) -> Markup {
        let asks = if question.is_empty() {
            String::new()
        } else {
            format!(" data-confirm=\"{}\"", escape(question))
        };
        let picture = if picture.is_empty() {
            String::new()
        } else {
            icon(picture).0
        };
        Markup(format!(
            "<form class=\"one-button\" method=\"post\" action=\"{}\"{asks}>{}<button class=\"btn {class}\">{picture}{}</button></form>",
            escape(action),
            self.csrf_field(),
            escape(label)
        ))
    }
}

fn open_row_select(name: &str, label: &str, empty: &str) -> String {
    let mut out = format!(
        "<select class=\"form-select\" name=\"{0}\" aria-label=\"{1}\">",
        escape(name),
        escape(label)
    );
    if !empty.is_empty() {
        let _ = write!(out, "<option value=\"\">{}</option>", escape(empty));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_its_value_and_shows_its_error() {
        let mut form = Form::new().with("email", "a\"><script>");
        form.reject("email", "This is no address.");
        let html = form
            .input("email", "Email", "email", "required", "Where pages go.")
            .0;
        assert!(html.contains("value=\"a&quot;&gt;&lt;script&gt;\""));
        assert!(html.contains("aria-describedby=\"f-email-error f-email-hint\""));
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("This is no address."));
        assert!(form.summary().0.contains("href=\"#f-email\""));
        assert!(
            !form
                .input("password", "P", "password", "", "")
                .0
                .contains("aria-invalid")
        );
    }

    #[test]
    fn only_the_refused_form_of_a_page_is_filled() {
        let form = Form::new().with("form", "note").with("body", "typed");
        assert_eq!(form.only("note").get("body"), "typed");
        assert_eq!(form.only("update").get("body"), "");
        assert_eq!(form.only("update").or("body", "x").get("body"), "x");
    }

    #[test]
    fn the_summary_leads_to_the_fields_of_the_refused_form() {
        let mut form = Form::new().with("form", "note").with("body", "");
        form.reject("body", "Write something.");
        assert!(form.summary().0.contains("href=\"#f-note-body\""));
        let note = form.only("note");
        assert!(
            note.area("body", "Note", 2, "", "")
                .0
                .contains("id=\"f-note-body\"")
        );
        assert!(note.marked("body").0.contains("f-note-body-error"));
        assert!(form.only("update").marked("body").0.is_empty());
    }
}
