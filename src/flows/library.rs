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
            library.add(read(&path)?, path)?;
        }
        Ok(library)
    }

    /// The directory's files as they are at present, and what is wrong with those that cannot be used: in place of such
    /// a file there is what this library has from it.
    pub fn again(&self, directory: &Path) -> (Self, Vec<LibraryError>) {
        let (mut library, mut problems) = (Self::shipped(), Vec::new());
        let paths = match files(directory) {
            Ok(paths) => paths,
            Err(problem) => return (self.clone(), vec![problem]),
        };
        for path in paths {
            let flow = read(&path).or_else(|problem| {
                problems.push(problem);
                self.flow_of(&path).ok_or(())
            });
            let Ok(flow) = flow else { continue };
            if let Err(problem) = library.add(flow, path) {
                problems.push(problem);
            }
        }
        (library, problems)
    }

    /// Takes a flow over from an earlier library; false when that has none of this name either.
    pub fn keep(&mut self, name: &str, earlier: &Self) -> bool {
        let Some(entry) = earlier.flows.get(name) else {
            return false;
        };
        self.flows.insert(name.to_owned(), entry.clone());
        true
    }

    /// What a file gave.
    fn flow_of(&self, path: &Path) -> Option<Arc<Flow>> {
        let of_file = |entry: &&Entry| entry.path.as_deref() == Some(path);
        self.flows
            .values()
            .find(of_file)
            .map(|entry| Arc::clone(&entry.flow))
    }

    /// A file's flow wins over a shipped one, not over another file's.
    fn add(&mut self, flow: Arc<Flow>, path: PathBuf) -> Result<(), LibraryError> {
        let name = flow.flow.clone();
        if let Some(Entry {
            path: Some(first), ..
        }) = self.flows.get(&name)
        {
            return Err(LibraryError::Twice {
                name,
                first: first.clone(),
                second: path,
            });
        }
        let path = Some(path);
        self.flows.insert(name, Entry { flow, path });
        Ok(())
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

fn read(path: &Path) -> Result<Arc<Flow>, LibraryError> {
    let text = fs::read_to_string(path).map_err(|source| LibraryError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let checked = check(&text);
    checked.flow.map(Arc::new).ok_or_else(|| {
        let first = checked
            .findings
            .iter()
            .find(|finding| finding.severity == Severity::Error);
        LibraryError::Broken {
            path: path.to_owned(),
            line: first.map_or(1, |finding| finding.line(&text)),
            what: first.map_or_else(String::new, |finding| finding.what.clone()),
        }
    })
}

/// `*.toml` of a directory, in order of their names.
pub(crate) fn files(directory: &Path) -> Result<Vec<PathBuf>, LibraryError> {
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
