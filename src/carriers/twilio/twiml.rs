//! TwiML as we write it: verbs with attributes, text and nested verbs, as one well-formed document.
//!
//! The documents are put together in `documents`; nothing here knows what a verb means.

use std::fmt::Display;

/// One verb or noun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verb {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    nested: Vec<Self>,
}

impl Verb {
    /// A verb without anything.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            text: String::new(),
            nested: Vec::new(),
        }
    }

    /// The same with an attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// The same with an attribute, should there be a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with these words in it.
    pub(super) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The same with another verb in it.
    pub(super) fn around(mut self, verb: Self) -> Self {
        self.nested.push(verb);
        self
    }

    fn write(&self, xml: &mut String) {
        xml.push('<');
        xml.push_str(self.name);
        for (name, value) in &self.attributes {
            xml.push(' ');
            xml.push_str(name);
            xml.push_str("=\"");
            escape(value, xml);
            xml.push('"');
        }
        if self.text.is_empty() && self.nested.is_empty() {
            xml.push_str("/>");
            return;
        }
        xml.push('>');
        escape(&self.text, xml);
        for verb in &self.nested {
            verb.write(xml);
        }
        xml.push_str("</");
        xml.push_str(self.name);
        xml.push('>');
    }
}

/// The document of these verbs.
pub(super) fn document(verbs: &[Verb]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>");
    for verb in verbs {
        verb.write(&mut xml);
    }
    xml.push_str("</Response>");
    xml
}

/// Text as it may stand between tags and quotes. Signs that XML 1.0 has no place for, in whatever spelling, are left out:
/// one of them would make the caller hear an error instead of the rest.
fn escape(text: &str, xml: &mut String) {
    for sign in text.chars() {
        match sign {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            // A bare line break in an attribute is read as a space, a bare carriage return as a line break.
            '\t' => xml.push_str("&#9;"),
            '\n' => xml.push_str("&#10;"),
            '\r' => xml.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            plain => xml.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn verbs_nest_and_keep_their_order() {
        let ask = Verb::new("Gather")
            .with("numDigits", 1)
            .maybe("timeout", None::<u32>)
            .around(Verb::new("Say").saying("Press 1"));
        assert_eq!(
            document(&[ask, Verb::new("Hangup")]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather numDigits=\"1\"><Say>Press 1</Say></Gather>\
             <Hangup/></Response>"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_said_comes_out_of_a_reader_as_it_went_in(text in any::<String>(), value in any::<String>()) {
            let written = document(&[Verb::new("Say").with("voice", &value).saying(&text)]);
            let read = roxmltree::Document::parse(&written).unwrap();
            let say = read.root_element().first_element_child().unwrap();
            let fit = |text: &str| -> String {
                text.chars()
                    .filter(|sign| !matches!(sign, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
                    .collect()
            };
            prop_assert_eq!(say.text().unwrap_or_default(), fit(&text));
            prop_assert_eq!(say.attribute("voice").unwrap_or_default(), fit(&value));
        }
    }
}
