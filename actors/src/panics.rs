//! Where a panic happened: file and line, without its message, which may hold anything.
//!
//! One hook for the process, set when a house opens; it passes every panic on to the hook before it. Read by the
//! actor that catches its own panic.

use std::cell::RefCell;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Parts of a path that name a file well enough. The whole path of a dependency would show whose machine built this.
const PARTS: usize = 4;

/// Listens from here on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            let place = info.location().map(|at| place(at.file(), at.line()));
            // A thread that is ending has no such cell any more; nobody asks it either.
            let _ = PLACE.try_with(|cell| cell.replace(place));
            before(info);
        }));
    });
}

/// Where this thread panicked last, once.
pub(crate) fn last_place() -> Option<String> {
    PLACE.try_with(RefCell::take).ok().flatten()
}

fn place(file: &str, line: u32) -> String {
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    let from = parts.len().saturating_sub(PARTS);
    format!("{}:{line}", parts[from..].join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_a_line_and_nobodys_directory() {
        listen();
        let caught = std::panic::catch_unwind(|| panic!("as the test wishes"));
        assert!(caught.is_err());
        let place = last_place().unwrap_or_default();
        assert!(place.starts_with("actors/src/panics.rs:"), "{place}");
        assert_eq!(last_place(), None);
        assert_eq!(
            super::place("/root/x/crate-1/src/a/b.rs", 7),
            "crate-1/src/a/b.rs:7"
        );
    }
}
