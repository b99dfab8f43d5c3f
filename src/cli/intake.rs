//! What is said to commands by which data comes in.

use std::path::PathBuf;

use clap::Args;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End after telling what was found
    #[arg(long)]
    pub no_serve: bool,
    /// Address to serve on
    #[arg(long, value_name = "ADDR", default_value = crate::config::LISTEN)]
    pub listen: String,
}

/// Options of `collect`.
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// URL or path of the repository
    pub repository: String,
    /// Name of the project [default: as configured, else the repository's name]
    #[arg(long)]
    pub project: Option<String>,
    /// The branch [default: the repository's own]
    #[arg(long)]
    pub branch: Option<String>,
    /// Only the newest N revisions
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// Only revisions in B and not in A
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// Only revisions whose position is a multiple of N, the newest, and the oldest of --range and --last
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub every: usize,
    /// Also the revisions that merges brought in, not just the first-parent line
    #[arg(long)]
    pub all_parents: bool,
    /// Builds at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Only this builder; may be repeated
    #[arg(long, value_name = "NAME")]
    pub builder: Vec<String>,
    /// Afterwards, build what lies between different verdicts, until it is known which change each test follows
    #[arg(long)]
    pub refine: bool,
    /// With --refine, at most so many more builds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub budget: usize,
}

/// Options of `ingest`.
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Report files, patterns, folders of which all reports are taken, or - for standard input; gzip and zstd are read
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Rules by which files are read that no format recognises: logs (see docs/formats.md, log_rules)
    #[arg(long, value_name = "FILE")]
    pub log_rules: Option<PathBuf>,
    /// The project [default: from the surrounding checkout]
    #[arg(long)]
    pub project: Option<String>,
    /// The branch [default: from the surrounding checkout]
    #[arg(long)]
    pub branch: Option<String>,
    /// The revision [default: from the surrounding checkout]
    #[arg(long)]
    pub revision: Option<String>,
    /// Place of the revision in its branch's first-parent line [default: counted in the surrounding checkout]
    #[arg(long, value_name = "N")]
    pub position: Option<i64>,
    /// The builder: one kind of build
    #[arg(long)]
    pub builder: Option<String>,
    /// Idempotency key: a second ingest of the same key changes nothing [default: made of origin and contents]
    #[arg(long)]
    pub key: Option<String>,
    /// The builder's own number for the build
    #[arg(long)]
    pub number: Option<i64>,
    /// Address of the build's own page
    #[arg(long)]
    pub url: Option<String>,
    /// The build is a try build of a patch by this person
    #[arg(long, value_name = "NAME <ADDRESS>")]
    pub patch_by: Option<String>,
}

/// Options of `upload`.
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// Report files, folders, patterns, or - for standard input [default: what is called like a report below here]
    pub files: Vec<String>,
    /// Address of the server
    #[arg(long, env = "ANNALS_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// Token of the server; better given by the environment
    #[arg(long, env = "ANNALS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Whose build it is
    #[command(flatten)]
    pub origin: Uploaded,
    /// What becomes of it
    #[command(flatten)]
    pub sending: Sending,
}

/// What `upload` is told of a build; each is else taken from the CI, then from the surrounding checkout.
#[derive(Debug, Args)]
pub(crate) struct Uploaded {
    /// The project
    #[arg(long)]
    pub project: Option<String>,
    /// The branch
    #[arg(long)]
    pub branch: Option<String>,
    /// The revision
    #[arg(long)]
    pub revision: Option<String>,
    /// Place of the revision in its branch's first-parent line
    #[arg(long, value_name = "N")]
    pub position: Option<i64>,
    /// The builder: one kind of build
    #[arg(long)]
    pub builder: Option<String>,
    /// Idempotency key: a second upload of the same key changes nothing
    #[arg(long)]
    pub key: Option<String>,
    /// The part of a build that comes in parts; auto: the CI's index of the job
    #[arg(long)]
    pub part: Option<String>,
    /// Close a build that came in parts
    #[arg(long = "final")]
    pub is_final: bool,
    /// The builder's own number for the build
    #[arg(long)]
    pub number: Option<i64>,
    /// Address of the build's own page
    #[arg(long)]
    pub url: Option<String>,
    /// The machine that ran it
    #[arg(long)]
    pub worker: Option<String>,
    /// The build is a try build of a patch by this person
    #[arg(long, value_name = "NAME <ADDRESS>")]
    pub patch_by: Option<String>,
}

/// How `upload` sends.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// Exit with 1 if anything was not read, not sent or not accepted
    #[arg(long)]
    pub strict: bool,
    /// Only say what would be sent
    #[arg(long)]
    pub dry_run: bool,
    /// Pass standard input on to standard output
    #[arg(long)]
    pub tee: bool,
    /// Wait until the build can be seen
    #[arg(long)]
    pub wait: bool,
    /// Only send what could not be delivered before
    #[arg(long, conflicts_with_all = ["files", "dry_run", "tee"])]
    pub flush: bool,
    /// Seconds that the server is tried for
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    /// Seconds that a shallow checkout's missing commits may be fetched for; 0 fetches none
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub fetch: u64,
    /// Folder of what could not be delivered yet [default: in the user's cache folder]
    #[arg(long, env = "ANNALS_QUEUE", value_name = "DIR")]
    pub queue: Option<PathBuf>,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The project
    #[arg(long)]
    pub project: String,
    /// The branch of builds that name none
    #[arg(long, default_value = "main")]
    pub branch: String,
    /// The builder of builds that name none
    #[arg(long, default_value = "import")]
    pub builder: String,
    /// SELECT of changes: revision, parents, author_name, author_email, authored_at, committed_at, subject, message, files
    #[arg(long, value_name = "SELECT")]
    pub changes: Option<String>,
    /// A checkout or mirror instead, which has the revisions of the builds: changes are read from it,
    /// whatever columns of changes `--select` has
    #[arg(long, value_name = "PATH", conflicts_with = "changes")]
    pub repository: Option<PathBuf>,
    /// SELECT of builds: key, revision, position, branch, builder, number, result, started_at, finished_at, worker, url
    #[arg(long, value_name = "SELECT", required_unless_present = "select", requires = "outcomes")]
    pub builds: Option<String>,
    /// SELECT of outcomes: key (the build's), suite, name, outcome, attempt, duration_ms, message, file, line, error_kind
    #[arg(long, value_name = "SELECT", required_unless_present = "select", requires = "builds")]
    pub outcomes: Option<String>,
    /// One SELECT instead: outcomes with the columns of their build and change; a change's message is change_message
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["builds", "outcomes"])]
    pub select: Option<String>,
    /// Only say what would come in
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Report files, patterns, folders of which all reports are taken, or - for standard input; gzip and zstd are read
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// One JSON object per file instead of text
    #[arg(long)]
    pub json: bool,
    /// Rules by which files are read that no format recognises: logs (see docs/formats.md, log_rules)
    #[arg(long, value_name = "FILE")]
    pub log_rules: Option<PathBuf>,
}
