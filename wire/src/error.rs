//! Why a wire cannot be served.

use std::path::PathBuf;

/// Why a wire cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate cannot be used.
    #[error("certificate {path}: {reason}")]
    Certificate {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// Nobody could tell who connects.
    #[error("{0} is no loopback address and there are no readers yet: `annals reader create NAME` makes the first")]
    Open(std::net::SocketAddr),
    /// The network failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A catalog could not be made.
    #[error(transparent)]
    Catalog(#[from] datafusion::error::DataFusionError),
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] annals_data::Error),
}

/// Result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
