//! How many parts a text has: the basic alphabet of phones (GSM 03.38) or UCS-2. Pure.

/// Characters of the basic alphabet that take one place.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Characters of the extension, which take two.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// Parts and alphabet of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) parts: usize,
    pub(crate) encoding: &'static str,
}

/// The size of a text. A text of several parts loses places to the header that joins them.
pub(crate) fn size(text: &str) -> Size {
    let weight = |character: char| match character {
        _ if BASIC.contains(character) => Some(1),
        _ if EXTENDED.contains(character) => Some(2),
        _ => None,
    };
    let places: Option<usize> = text.chars().map(weight).sum();
    let (places, single, joined, encoding) = match places {
        Some(places) => (places, 160, 153, "GSM-7"),
        None => (text.encode_utf16().count(), 70, 67, "UCS-2"),
    };
    let parts = if places <= single {
        1
    } else {
        places.div_ceil(joined)
    };
    Size { parts, encoding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_by_alphabet() {
        let cases = [
            (String::new(), 1, "GSM-7"),
            ("a".repeat(160), 1, "GSM-7"),
            ("a".repeat(161), 2, "GSM-7"),
            ("€".repeat(81), 2, "GSM-7"),
            ("ж".repeat(70), 1, "UCS-2"),
            ("ж".repeat(71), 2, "UCS-2"),
        ];
        for (text, parts, encoding) in cases {
            assert_eq!(size(&text), Size { parts, encoding });
        }
    }
}
