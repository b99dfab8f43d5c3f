//! `annals mcp`: the Model Context Protocol on standard input and output, for an assistant on this machine.

use std::io::{BufRead, Read, Write};
use std::sync::Arc;

use annals_analytics::Warehouse;
use annals_analytics::outside::Asker;
use annals_web::{App, Limits, mcp};
use anyhow::Result;

use super::desk;
use crate::config::Config;

/// Bytes of one message.
const MESSAGE: u64 = 1 << 20;

/// Answers messages, one per line, until there are no more.
pub(super) async fn run(warehouse: Warehouse, config: &Config) -> Result<()> {
    let warehouse = Arc::new(warehouse);
    let desk = desk::open(&warehouse, config.sql.bounds()?)?;
    // Others may write the store meanwhile: each message is answered from its newest version.
    let store = Arc::clone(&warehouse);
    let logs = warehouse.store().log_folder();
    let app = App::of(warehouse, logs, Limits::default(), desk, Box::new(|_| Err("no token is asked for".into())));
    let asker = Asker::anybody("mcp", "mcp");
    while let Some(line) = tokio::task::spawn_blocking(next).await?? {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match serde_json::from_slice(&line) {
            Ok(message) => {
                store.judge().await?;
                mcp::answer(&app, &asker, &message).await
            }
            Err(error) => Some(mcp::unread(&error.to_string())),
        };
        if let Some(answer) = answer {
            let mut output = std::io::stdout().lock();
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
    }
    Ok(())
}

/// Reads the next line; of one that is too long only the beginning is kept, which then is no message.
fn next() -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut input = std::io::stdin().lock();
    let count = input.by_ref().take(MESSAGE).read_until(b'\n', &mut line)?;
    if count as u64 == MESSAGE && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok((count > 0).then_some(line))
}
