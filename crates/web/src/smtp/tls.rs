//! The certificate for STARTTLS, taken up anew when its file changes: it is renewed every few weeks,
//! and nobody should have to restart the server for that.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// With the chain of those who signed it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct TlsError {
    pub file: PathBuf,
    pub reason: String,
}

impl TlsFiles {
    /// Reads both.
    ///
    /// # Errors
    /// Which file is at fault, and why.
    pub fn read(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let fault = |file: &Path, reason: String| TlsError {
            file: file.to_owned(),
            reason,
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect);
        let chain = chain.map_err(|error| fault(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(fault(
                &self.certificate,
                "there is no certificate in it".to_owned(),
            ));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| fault(&self.key, error.to_string()))?;
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map(Arc::new)
            .map_err(|error| fault(&self.certificate, error.to_string()))
    }

    /// When one of them was last written.
    fn written(&self) -> Option<SystemTime> {
        [&self.certificate, &self.key]
            .into_iter()
            .filter_map(|file| {
                std::fs::metadata(file)
                    .and_then(|about| about.modified())
                    .ok()
            })
            .max()
    }
}

/// The certificate in use.
pub(super) struct Tls {
    files: TlsFiles,
    current: Mutex<(Option<SystemTime>, Arc<ServerConfig>)>,
}

impl Tls {
    /// # Errors
    /// Those of [`TlsFiles::read`].
    pub(super) fn open(files: TlsFiles) -> Result<Tls, TlsError> {
        let written = files.written();
        let read = files.read()?;
        Ok(Tls {
            files,
            current: Mutex::new((written, read)),
        })
    }

    /// What to shake hands with. A new certificate that cannot be read leaves the old one in use.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.files.written();
        if written != current.0 {
            match self.files.read() {
                Ok(read) => {
                    tracing::info!("the renewed certificate for mail is in use");
                    current.1 = read;
                }
                Err(error) => {
                    tracing::warn!(%error, "the new certificate for mail cannot be read");
                }
            }
            current.0 = written;
        }
        current.1.clone()
    }
}
