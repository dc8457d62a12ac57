//! The program's library.
