//! The guard over a start, on disk: `waking` in the data directory says who runs at this moment, `waking.deaths` who
//! did when the process died.
//!
//! Nothing is synced but the deaths: what a process has written survives its death without, and a power cut is nobody's
//! fault. An entry is an entity with its last record, so that a process that is killed again and again while calls make
//! progress condemns nobody. An entry costs two writes into the page cache, and only in the first seconds.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_actors::boot_guard::BootGuard;
use cordboard_core::Address;

/// So long after a start entities are watched: the calls of the last run are woken by then, and systemd's usual limit
/// of five starts in ten seconds has not been reached by a program that lives longer.
pub(super) const WATCH: Duration = Duration::from_secs(30);
/// Deaths at one record that condemn an entity.
const DEATHS: u32 = 2;
/// Bytes of an entry: a sequence number, a kind, and a name of 256 bytes.
const ENTRY: usize = 512;
/// Its owner's alone.
const FILE_MODE: u32 = 0o600;

/// See the module.
#[derive(Debug)]
pub struct WakingFile {
    file: File,
    deaths: PathBuf,
    free: Mutex<Vec<usize>>,
    next: Mutex<usize>,
    watching: AtomicBool,
    condemned: Vec<Address>,
}

impl WakingFile {
    /// Reads who was running when the last process died, and begins to watch.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let deaths = directory.join("waking.deaths");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(directory.join("waking"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let suspects = entries(&text);
        let mut counted = read_deaths(&deaths);
        for suspect in &suspects {
            *counted.entry(suspect.clone()).or_default() += 1;
        }
        let condemned = |(_, deaths): &(&String, &u32)| **deaths >= DEATHS;
        let condemned: Vec<Address> = counted
            .iter()
            .filter(condemned)
            .filter_map(|(entry, _)| address_of(entry))
            .collect();
        if !suspects.is_empty() {
            write_deaths(&deaths, &counted)?;
            tracing::warn!(
                running = suspects.len(),
                condemned = condemned.len(),
                "the last process died soon after its start while entities were running"
            );
        }
        file.set_len(0)?;
        Ok(Self {
            file,
            deaths,
            free: Mutex::default(),
            next: Mutex::default(),
            watching: AtomicBool::new(true),
            condemned,
        })
    }

    fn place(&self) -> usize {
        lock(&self.free).pop().unwrap_or_else(|| {
            let mut next = lock(&self.next);
            *next += 1;
            *next - 1
        })
    }
}

impl BootGuard for WakingFile {
    fn enter(&self, address: &Address, seq: u64) -> Option<usize> {
        if !self.watching.load(Ordering::Relaxed) {
            return None;
        }
        let mut entry = format!("{seq} {address}").into_bytes();
        if entry.len() >= ENTRY {
            return None;
        }
        entry.resize(ENTRY, 0);
        let place = self.place();
        // A mark that cannot be written is a watch less, not a call less.
        let _ = self.file.write_all_at(&entry, (place * ENTRY) as u64);
        Some(place)
    }

    fn leave(&self, place: usize) {
        let _ = self.file.write_all_at(&[0], (place * ENTRY) as u64);
        lock(&self.free).push(place);
    }

    fn condemned(&self) -> Vec<Address> {
        self.condemned.clone()
    }

    fn relieve(&self) {
        if self.watching.swap(false, Ordering::Relaxed) {
            let _ = std::fs::remove_file(&self.deaths);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The entries whose first byte was not taken back.
fn entries(text: &[u8]) -> Vec<String> {
    let entry = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let entry = std::str::from_utf8(&bytes[..end]).ok()?;
        (!entry.is_empty()).then(|| entry.to_owned())
    };
    text.chunks(ENTRY).filter_map(entry).collect()
}

fn address_of(entry: &str) -> Option<Address> {
    Address::parse(entry.split_once(' ')?.1)
}

fn read_deaths(path: &Path) -> BTreeMap<String, u32> {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn write_deaths(path: &Path, deaths: &BTreeMap<String, u32>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(FILE_MODE);
    let file = options.open(path)?;
    serde_json::to_writer(&file, deaths)?;
    file.sync_all()
}

#[cfg(test)]
#[path = "boot_guard/tests.rs"]
mod tests;
