//! What is wrong with a flow file, and how it is shown: message, file, line, caret, hint.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The flow cannot be used.
    Error,
    /// It can, but probably not as meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Bytes of the file; none for the file as a whole.
    pub bytes: Option<Range<usize>>,
    /// What is wrong.
    pub what: String,
    /// What to do, where it is not plain.
    pub hint: Option<String>,
}

impl Finding {
    /// The flow cannot be used.
    pub fn error(bytes: Option<Range<usize>>, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            bytes,
            what: what.into(),
            hint: None,
        }
    }

    /// It can be used, but probably not as meant.
    pub fn warning(bytes: Option<Range<usize>>, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(bytes, what)
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Line of the file, from 1.
    pub fn line(&self, text: &str) -> usize {
        let before = self.bytes.as_ref().map_or(0, |bytes| bytes.start.min(text.len()));
        1 + text.as_bytes()[..before]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
    }

    /// As a compiler would show it.
    pub fn render(&self, path: &str, text: &str, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let bytes = self.bytes.clone().unwrap_or(0..0);
        let end = bytes.end.min(text.len());
        // A text of many lines is shown by its first.
        let first = text.get(bytes.start..end).and_then(|shown| shown.find('\n'));
        let shown = bytes.start.min(end)..first.map_or(end, |at| bytes.start + at);
        let snippet = Snippet::source(text)
            .path(path)
            .annotation(AnnotationKind::Primary.span(shown));
        let mut report: Group<'_> = level.primary_title(self.what.as_str()).element(snippet);
        if let Some(hint) = &self.hint {
            report = report.element(Level::HELP.message(hint.as_str()));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.decor_style(DecorStyle::Ascii).render(&[report])
    }
}
