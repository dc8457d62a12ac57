//! When the way to Postgres is encrypted, and whom the server must prove to be.
//!
//! On this machine it is not, elsewhere it is, and the certificate is always checked: `sslmode=disable` and
//! `sslmode=require` in the URL decide otherwise.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{BooksError, PostgresRefused};

/// How to connect.
pub(super) enum Security {
    /// In the clear.
    Plain,
    /// Encrypted.
    Tls(MakeRustlsConnect),
}

impl Security {
    /// Connects; the connection lives as long as the client.
    pub(super) async fn connect(&self, config: &Config) -> Result<Client, BooksError> {
        match self {
            Self::Plain => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            Self::Tls(connector) => {
                let (client, connection) = config.connect(connector.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }
}

/// What the URL and its host ask for; a host elsewhere without a word about it is reached encrypted or not at all.
pub(super) fn security(config: &mut Config, ca_file: Option<&Path>) -> Result<Security, PostgresRefused> {
    let here = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    match config.get_ssl_mode() {
        SslMode::Disable => return Ok(Security::Plain),
        SslMode::Require => {}
        _ if here => {
            config.ssl_mode(SslMode::Disable);
            return Ok(Security::Plain);
        }
        _ => {
            config.ssl_mode(SslMode::Require);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PostgresRefused::Certificates(error.to_string()))?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    Ok(Security::Tls(MakeRustlsConnect::new(tls)))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, PostgresRefused> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let wrong = |why: String| PostgresRefused::Certificates(format!("{}: {why}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("holds no certificate in PEM".into()));
    }
    Ok(roots)
}
