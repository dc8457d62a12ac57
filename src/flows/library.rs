//! The flows that routes can name: those that are shipped within the program, and a directory's, which win.
//!
//! The wiring loads it at the start and asks it to look again while the program runs. A file that is broken never
//! replaces one that works.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordboard_core::flow::Flow;
use thiserror::Error;

use super::check::check;
use super::finding::Severity;

/// Flows by name.
#[derive(Clone, Debug, Default)]
pub struct Library {
    flows: BTreeMap<String, Entry>,
}

/// A flow and where it is from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The flow.
    pub flow: Arc<Flow>,
    /// Its file; none for a shipped one.
    pub path: Option<PathBuf>,
}

/// Why a directory's flows cannot be used.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// The directory or a file in it cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no flow.
    #[error("{}:{line}: {what}; `cordboard flow check {}` shows all", path.display(), path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// Of the first mistake.
        line: usize,
        /// The first mistake.
        what: String,
    },
    /// Two files have flows of one name.
    #[error("{} and {} both have the flow \"{name}\": rename one", first.display(), second.display())]
    Twice {
        /// The name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl Library {
    /// The shipped flows.
    pub fn shipped() -> Self {
        let mut library = Self::default();
        for (name, text) in super::SHIPPED {
            let flow = Flow::parse(text).unwrap_or_else(|mistakes| {
                // A test reads every shipped flow, so this cannot come about.
                unreachable!("the shipped flow {name} is broken: {mistakes}")
            });
            library.flows.insert(
                (*name).to_owned(),
                Entry {
                    flow: Arc::new(flow),
                    path: None,
                },
            );
        }
        library
    }

    /// The shipped flows, and those of a directory's `*.toml` files over them.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn with_directory(directory: &Path) -> Result<Self, LibraryError> {
        let mut library = Self::shipped();
        for path in files(directory)? {
            let text = fs::read_to_string(&path).map_err(|source| LibraryError::Unreadable {
                path: path.clone(),
                source,
            })?;
            let checked = check(&text);
            let Some(flow) = checked.flow else {
                let first = checked
                    .findings
                    .iter()
                    .find(|finding| finding.severity == Severity::Error);
                return Err(LibraryError::Broken {
                    path,
                    line: first.map_or(1, |finding| finding.line(&text)),
                    what: first.map_or_else(String::new, |finding| finding.what.clone()),
                });
            };
            let name = flow.flow.clone();
            let entry = Entry {
                flow: Arc::new(flow),
                path: Some(path.clone()),
            };
            if let Some(Entry {
                path: Some(first), ..
            }) = library.flows.insert(name.clone(), entry)
            {
                return Err(LibraryError::Twice {
                    name,
                    first,
                    second: path,
                });
            }
        }
        Ok(library)
    }

    /// The flow of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Flow>> {
        self.flows.get(name).map(|entry| &entry.flow)
    }

    /// All of them, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.flows.iter().map(|(name, entry)| (name.as_str(), entry))
    }
}

/// `*.toml` of a directory, in order of their names.
fn files(directory: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let unreadable = |source| LibraryError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
