//! The Model Context Protocol: an assistant looks at the catalog and asks, within the same bounds as everybody.
//!
//! Messages are answered one by one and nothing is kept between them, so the same function serves HTTP (`POST /mcp`) and
//! `annals mcp` on standard input. There are tools and nothing else: no resources, no prompts, no notifications. What the
//! tools do is in `tool`.

mod tool;

use annals_analytics::outside::Asker;
use serde_json::{Value, json};

use crate::App;
use tool::Failure;

/// The revisions that are spoken, the newest first; a client that names another is offered the newest, as the protocol says.
const REVISIONS: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// What assistants are told first.
const ABOUT: &str = "Annals knows which test broke when, through which change, and who should act. `problems` and `blamelist` \
    answer the usual questions; for others ask `views` what there is, `describe` what the columns of a view mean, and `query` in \
    SQL. Good beginnings: problem (what is broken), guilty and suspect (through whom, with the evidence), incident, flaky_test, \
    test_history. Say which rows an answer rests on; what Annals does not know, nobody is guilty of.";

/// Answers a message; notifications have no answer.
pub async fn answer(app: &App, asker: &Asker, message: &Value) -> Option<Value> {
    let id = message.get("id").filter(|id| id.is_string() || id.is_number())?.clone();
    let fail = |code: i64, text: &str| json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}});
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        // An answer to a question that was never asked.
        return message.get("result").is_none().then(|| fail(-32600, "a request has a method"));
    };
    let params = message.get("params").unwrap_or(&Value::Null);
    let result = match method {
        "initialize" => greeting(params),
        "ping" => json!({}),
        "tools/list" => json!({"tools": tool::TOOLS.iter().map(tool::Tool::told).collect::<Vec<_>>()}),
        "tools/call" => match tool::call(app, asker, params).await {
            Ok(text) => json!({"content": [{"type": "text", "text": text}], "isError": false}),
            Err(Failure::Tool(text)) => json!({"content": [{"type": "text", "text": text}], "isError": true}),
            Err(Failure::Call(text)) => return Some(fail(-32602, &text)),
        },
        other => return Some(fail(-32601, &format!("there is no method `{other}`"))),
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// Returns whether a value is a message of the protocol: a request, a notification, or an answer.
pub fn is_message(value: &Value) -> bool {
    let is_id = |id: &Value| id.is_string() || id.is_i64() || id.is_u64();
    value["jsonrpc"] == "2.0"
        && (value["method"].is_string() || value.get("result").is_some())
        && value.get("id").is_none_or(is_id)
        && value.get("params").is_none_or(Value::is_object)
}

fn greeting(params: &Value) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    let spoken = asked.filter(|asked| REVISIONS.contains(asked)).unwrap_or(REVISIONS[0]);
    json!({
        "protocolVersion": spoken,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "annals", "version": env!("CARGO_PKG_VERSION")},
        "instructions": ABOUT,
    })
}

/// Says that a text was no message.
pub fn unread(reason: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": reason}})
}
