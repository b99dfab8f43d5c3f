//! TLS for the wires: with the certificate that a site gives, or with one made here and kept in the store.
//!
//! What cannot be read ends the start; nothing ever falls back to plain text by itself.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use crate::{Error, Result};

/// A certificate with its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate, and those that lead from it to one that clients know.
    pub chain: PathBuf,
    /// The key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// What is served over TLS, and what clients bind their passwords to.
#[derive(Clone)]
pub struct Tls {
    /// The chain as its file has it.
    pub(crate) pem: Vec<u8>,
    config: ServerConfig,
}

impl Tls {
    /// Reads a certificate.
    ///
    /// # Errors
    /// [`Error::Certificate`] for what is missing, unreadable or does not fit together.
    pub fn read(certificate: &Certificate) -> Result<Self> {
        let flawed = |path: &Path, reason: String| Error::Certificate { path: path.to_owned(), reason };
        let pem = fs::read(&certificate.chain).map_err(|e| flawed(&certificate.chain, e.to_string()))?;
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|e| flawed(&certificate.chain, e.to_string()))?;
        if chain.is_empty() {
            return Err(flawed(&certificate.chain, "there is no certificate in it".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&certificate.key);
        let key = key.map_err(|e| flawed(&certificate.key, e.to_string()))?;
        // Named, because more than one provider is compiled in and none is the default then.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|e| flawed(&certificate.key, e.to_string()))?;
        Ok(Self { pem, config })
    }

    /// Returns the certificate in `folder`, made for this machine if there is none yet.
    ///
    /// # Errors
    /// [`Error::Certificate`] when it cannot be made or kept.
    pub fn own(folder: &Path, names: &[String]) -> Result<Self> {
        let certificate = Certificate { chain: folder.join("certificate.pem"), key: folder.join("key.pem") };
        if !certificate.chain.exists() {
            make(&certificate, folder, names)?;
        }
        Self::read(&certificate)
    }

    /// Returns what accepts connections of a protocol, which has a name in TLS (ALPN).
    pub(crate) fn acceptor(&self, protocol: &[u8]) -> TlsAcceptor {
        let mut config = self.config.clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

fn make(certificate: &Certificate, folder: &Path, names: &[String]) -> Result<()> {
    let flawed = |reason: String| Error::Certificate { path: folder.to_owned(), reason };
    let mut known = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    known.extend(names.iter().filter(|name| !known.contains(name)).cloned().collect::<Vec<_>>());
    let params = CertificateParams::new(known).map_err(|e| flawed(e.to_string()))?;
    let key = KeyPair::generate().map_err(|e| flawed(e.to_string()))?;
    let made = params.self_signed(&key).map_err(|e| flawed(e.to_string()))?;
    fs::create_dir_all(folder).map_err(|e| flawed(e.to_string()))?;
    secret(&certificate.key, &key.serialize_pem()).map_err(|e| flawed(e.to_string()))?;
    fs::write(&certificate.chain, made.pem()).map_err(|e| flawed(e.to_string()))
}

/// Writes a file that nobody else may read.
fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_kept_secret() {
        let folder = tempfile::tempdir().unwrap();
        let first = Tls::own(folder.path(), &["ci.example.org".into()]).unwrap();
        let second = Tls::own(folder.path(), &[]).unwrap();
        assert_eq!(first.pem, second.pem);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("key.pem")).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }

    #[test]
    fn what_is_no_certificate_ends_the_start() {
        let folder = tempfile::tempdir().unwrap();
        Tls::own(folder.path(), &[]).unwrap();
        let of =
            |chain: &str, key: &str| Certificate { chain: folder.path().join(chain), key: folder.path().join(key) };
        fs::write(folder.path().join("rubbish"), "rubbish").unwrap();
        let other = tempfile::tempdir().unwrap();
        Tls::own(other.path(), &[]).unwrap();
        fs::copy(other.path().join("key.pem"), folder.path().join("other.pem")).unwrap();
        for (chain, key) in [
            ("missing", "key.pem"),
            ("rubbish", "key.pem"),
            ("certificate.pem", "missing"),
            ("certificate.pem", "rubbish"),
            ("certificate.pem", "other.pem"),
        ] {
            assert!(Tls::read(&of(chain, key)).is_err(), "{chain} with {key}");
        }
    }
}
