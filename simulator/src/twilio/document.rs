//! TwiML as it is performed: elements with attributes, text and children. Pure.

use std::collections::BTreeMap;

/// Largest document; the carrier's own limit is 4,000 characters inline and more by URL.
const LARGEST: usize = 64 * 1024;

/// One verb or noun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// No XML.
    #[error("the document is not XML: {0}")]
    Xml(String),
    /// Another root than `Response`.
    #[error("the document's root is {0} instead of Response")]
    Root(String),
    /// Too large.
    #[error("the document is larger than 64 KiB")]
    Size,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// A whole number, or the default when it is absent or makes no sense.
    pub(crate) fn number(&self, name: &str, default: u64) -> u64 {
        let given = self.attribute(name).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    }

    /// A flag, or the default when it is absent or makes no sense.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        match self.attribute(name) {
            Some("true") => true,
            Some("false") => false,
            _ => default,
        }
    }

    fn read(node: roxmltree::Node<'_, '_>) -> Self {
        let attributes = node.attributes();
        let text: String = node
            .descendants()
            .filter(|inner| inner.is_text())
            .filter_map(|inner| inner.text())
            .collect();
        Self {
            name: node.tag_name().name().to_owned(),
            attributes: attributes
                .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
                .collect(),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            children: node
                .children()
                .filter(roxmltree::Node::is_element)
                .map(Self::read)
                .collect(),
        }
    }
}

/// Reads a document; an empty one is a `Response` without verbs.
pub(crate) fn read(text: &str) -> Result<Vec<Element>, Malformed> {
    if text.len() > LARGEST {
        return Err(Malformed::Size);
    }
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let parsed =
        roxmltree::Document::parse(text.trim_start()).map_err(|error| Malformed::Xml(error.to_string()))?;
    let root = parsed.root_element();
    if root.tag_name().name() != "Response" {
        return Err(Malformed::Root(root.tag_name().name().to_owned()));
    }
    Ok(Element::read(root).children)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn verbs_have_attributes_text_and_nested_verbs() {
        let text = r#"<?xml version="1.0"?><Response><Gather numDigits="1" bargeIn="false"><Say>Press
            1</Say></Gather><Hangup/></Response>"#;
        let verbs = read(text).unwrap();
        assert_eq!(verbs.len(), 2);
        assert_eq!(
            (verbs[0].number("numDigits", 9), verbs[0].number("timeout", 5)),
            (1, 5)
        );
        assert!(!verbs[0].flag("bargeIn", true));
        assert_eq!(verbs[0].children[0].text, "Press 1");
    }

    #[test]
    fn what_is_no_document_is_told_apart() {
        assert_eq!(read("  "), Ok(Vec::new()));
        assert_eq!(read("<Other/>"), Err(Malformed::Root("Other".to_owned())));
        assert!(matches!(read("not xml"), Err(Malformed::Xml(_))));
    }
}
