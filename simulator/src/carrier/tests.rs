//! The state rules of the carrier.
