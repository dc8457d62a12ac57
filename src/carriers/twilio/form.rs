//! Forms as Twilio sends and takes them: fields in order, a name may come again, values decoded.
//!
//! The signature is over these fields, the decoder reads them, the client writes them. What a field means is not here.

use std::fmt;

use url::form_urlencoded;

/// Fields in the order in which they came. `Debug` shows the names only: values are numbers, digits and words.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`: `+` is a space, `%2B` a plus, a field without `=` is empty. Bytes
    /// that are no UTF-8 become U+FFFD, as in Twilio's own libraries; they cannot have been signed like that.
    pub fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// One more field.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The first value of a field, unless it is empty: Twilio sends what it does not know as empty text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut own = self.0.iter().filter(|(own, _)| own == name);
        own.next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// The fields in order.
    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// The body of a request.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn fields_keep_their_order_repetitions_and_emptiness() {
        let form = Form::read(b"b=2&a=1&b=&Body=a+b%20c%2Bd%26&alone&&%C3%BC=%E2%82%AC");
        let fields: Vec<(&str, &str)> = form
            .fields()
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("b", "2"),
                ("a", "1"),
                ("b", ""),
                ("Body", "a b c+d&"),
                ("alone", ""),
                ("ü", "€")
            ]
        );
        assert_eq!(
            (form.get("b"), form.get("alone"), form.get("B")),
            (Some("2"), None, None)
        );
        assert_eq!(Form::read(form.encoded().as_bytes()), form);
    }

    #[test]
    fn values_never_show() {
        assert_eq!(format!("{:?}", Form::read(b"Digits=4711")), r#"["Digits"]"#);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        assert_eq!(Form::read(b"a=%ff%00%").get("a"), Some("\u{fffd}\0%"));
        assert!(Form::read(b"").fields().is_empty());
    }
}
