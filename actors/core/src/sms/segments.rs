//! How many segments a text takes on the air: GSM 03.38 with its extension table, else UCS-2, each with the header that
//! joins several.
//!
//! Pure; the machine bounds texts by it, the API tells it. What is billed is the carrier's word.

/// The basic table: one septet each. Its last cell, the escape, is no character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table: escape and one more septet, which never part.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// Septets of a text that is alone, and of one that is part of several (140 octets less a header of 6).
const SEPTETS: (usize, usize) = (160, 153);

/// The same in UTF-16 units.
const UNITS: (usize, usize) = (70, 67);

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// How many, at least 1.
    pub count: usize,
    /// Whether one character lies outside the basic alphabet, so that all take two octets.
    pub ucs2: bool,
}

/// Counts the segments of a text.
pub fn segments(text: &str) -> Segments {
    let septets = |c: char| match c {
        _ if BASIC.contains(c) => Some(1),
        _ if EXTENDED.contains(c) => Some(2),
        _ => None,
    };
    let gsm: Option<Vec<usize>> = text.chars().map(septets).collect();
    match gsm {
        Some(widths) => Segments {
            count: packed(&widths, SEPTETS),
            ucs2: false,
        },
        None => {
            let widths: Vec<usize> = text.chars().map(char::len_utf16).collect();
            Segments {
                count: packed(&widths, UNITS),
                ucs2: true,
            }
        }
    }
}

/// Places of indivisible characters: none is cut in two at the end of a segment.
fn packed(widths: &[usize], (alone, joined): (usize, usize)) -> usize {
    if widths.iter().sum::<usize>() <= alone {
        return 1;
    }
    let (mut count, mut used) = (1, 0);
    for width in widths {
        if used + width > joined {
            (count, used) = (count + 1, 0);
        }
        used += width;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_the_tables_at_every_edge() {
        let cases = [
            (String::new(), 1, false),
            ("a".repeat(160), 1, false),
            ("a".repeat(161), 2, false),
            ("a".repeat(306), 2, false),
            ("a".repeat(307), 3, false),
            ("€".repeat(80), 1, false),
            ("€".repeat(81), 2, false),
            // 76 pairs fill 152 of 153 septets: the 77th does not fit by halves.
            ("€".repeat(152), 2, false),
            ("€".repeat(153), 3, false),
            (format!("{}^", "a".repeat(159)), 2, false),
            ("ж".repeat(70), 1, true),
            ("ж".repeat(71), 2, true),
            ("ж".repeat(134), 2, true),
            ("ж".repeat(135), 3, true),
            // 33 faces fill 66 of 67 units.
            ("😀".repeat(35), 1, true),
            ("😀".repeat(66), 2, true),
            ("😀".repeat(67), 3, true),
            ("`".into(), 1, true),
        ];
        for (text, count, ucs2) in cases {
            assert_eq!(
                segments(&text),
                Segments { count, ucs2 },
                "{} characters",
                text.chars().count()
            );
        }
    }
}
