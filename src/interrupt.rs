//! Ctrl-C and SIGTERM: the first asks the work to finish cleanly, the second ends it.

use annals_collector::CancellationFlag;
use tokio::signal::unix::{SignalKind, signal};

/// Exit status of a command that was interrupted: 128 and SIGINT's number, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Completes when the process is asked to end.
pub(crate) async fn asked() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            // Without the handler the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// Returns a flag that the first signal raises; the second signal ends the process.
pub(crate) fn flag() -> CancellationFlag {
    let flag = CancellationFlag::default();
    let raised = flag.clone();
    tokio::spawn(async move {
        asked().await;
        anstream::eprintln!("finishing; once more to end at once");
        raised.cancel();
        asked().await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    flag
}
