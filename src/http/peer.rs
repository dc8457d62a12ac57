//! Who is at the other end of a request: put in by the listener, read where limits are per address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Request;

/// The origin of a request's connection.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr);

/// Notes whose request it is.
pub(super) fn note<B>(request: &mut Request<B>, peer: IpAddr) {
    request.extensions_mut().insert(Peer(origin(peer)));
}

/// Whose request it is; one that came through no listener belongs to nobody.
pub(super) fn of<B>(request: &Request<B>) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0)
}

/// Whose connection it is. One subscriber usually holds a whole IPv6 /64, so that counts as one.
pub(super) fn origin(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}
