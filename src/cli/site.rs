//! What is said to commands that serve and keep a store.

use clap::{Args, Subcommand};

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on [default: as configured, else 127.0.0.1:8010]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address to answer Postgres' clients on: 127.0.0.1:5432 [default: as configured, else none]
    #[arg(long, value_name = "ADDR")]
    pub postgres: Option<String>,
    /// Address to answer Arrow Flight SQL on: 127.0.0.1:32010 [default: as configured, else none]
    #[arg(long, value_name = "ADDR")]
    pub flight: Option<String>,
}

/// Options of `mail`.
#[derive(Debug, Args)]
pub(crate) struct Mail {
    /// Incidents that opened or were resolved, and mails given up, since then: a date, or a number of days
    #[arg(long, value_name = "WHEN", default_value = "7")]
    pub since: String,
    /// Print the mails, send and record nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `rebuild`.
#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    /// Also where outcomes were let go: what was known of them is forgotten
    #[arg(long)]
    pub forget: bool,
}

/// Options of `retain`.
#[derive(Debug, Args)]
pub(crate) struct Retain {
    /// Only say what would go, and how much it frees
    #[arg(long)]
    pub dry_run: bool,
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Makes a token and prints it, once
    Create {
        /// The only project that it is for [default: all]
        #[arg(long)]
        project: Option<String>,
        /// From when on it is refused: a number of days (90d), weeks (12w) or hours (36h), or a date [default: never]
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// What people call it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Lists the tokens; their texts are nowhere
    List,
    /// Revokes a token
    Revoke {
        /// Its number, as `list` says it
        id: i64,
    },
}

/// What is done with readers.
#[derive(Debug, Subcommand)]
pub(crate) enum Reader {
    /// Lets a reader in and prints the token, once: bearer of HTTP and Flight, password of Postgres
    Create {
        /// The name, which is the user of Postgres
        name: String,
        /// Private columns (addresses) are for them, too
        #[arg(long)]
        private: bool,
        /// From when on they are refused: 90d, 12w, 36h, or a date [default: never]
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// Lists the readers; their tokens are nowhere
    List,
    /// Shuts a reader out
    Revoke {
        /// The name
        name: String,
    },
}
