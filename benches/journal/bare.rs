//! The yardstick: a file, appended to by one thread, one `fdatasync` for all that came meanwhile, and nothing else.
//!
//! It keeps the same bytes with the same checksum, and it cannot find any of them again.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use cordboard_actors::journal::Append;

/// As many as the journal takes at once.
const BATCH: usize = 256;

pub(crate) struct BareFile {
    requests: Option<Sender<(Append, Vec<u8>)>>,
    writer: Option<JoinHandle<()>>,
}

impl BareFile {
    pub(crate) fn open(path: &Path) -> Self {
        let file = File::create(path).unwrap();
        let (requests, inbox) = channel();
        let writer = std::thread::spawn(move || write(file, &inbox));
        Self {
            requests: Some(requests),
            writer: Some(writer),
        }
    }

    /// Encoded by whoever appends, as the journal does it.
    pub(crate) fn append(&self, append: Append) {
        let bytes = encoded(&append);
        let requests = self.requests.as_ref().expect("open until it is dropped");
        requests.send((append, bytes)).expect("its writer lives");
    }
}

impl Drop for BareFile {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take() {
            writer.join().unwrap();
        }
    }
}

fn encoded(append: &Append) -> Vec<u8> {
    let record = &append.record;
    let mut bytes = Vec::with_capacity(record.state.len() + 1_024);
    bytes.extend([0; 8]);
    for number in [record.seq, record.incarnation, record.at.as_micros()] {
        bytes.extend(number.to_le_bytes());
    }
    write!(bytes, "{}", record.address).unwrap();
    serde_json::to_writer(&mut bytes, &record.cause).unwrap();
    serde_json::to_writer(&mut bytes, &record.effects).unwrap();
    serde_json::to_writer(&mut bytes, &append.handles).unwrap();
    bytes.extend(append.event.iter().flat_map(|event| event.as_str().bytes()));
    bytes.extend(record.receipt.iter().flatten());
    bytes.extend(&record.state);
    let length = u32::try_from(bytes.len()).unwrap();
    let crc = crc32fast::hash(&bytes[8..]);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn write(mut file: File, inbox: &Receiver<(Append, Vec<u8>)>) {
    let (mut batch, mut buffer) = (Vec::with_capacity(BATCH), Vec::new());
    while let Ok(first) = inbox.recv() {
        batch.push(first);
        while batch.len() < BATCH {
            match inbox.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        for (_, bytes) in &batch {
            buffer.extend(bytes);
        }
        file.write_all(&buffer).unwrap();
        file.sync_data().unwrap();
        buffer.clear();
        for (append, _) in batch.drain(..) {
            (append.done)(Ok(&append.record));
        }
    }
}
