//! An assistant looks at the catalog and asks, within the bounds of everybody.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{get, post, send, site};

async fn say(message: Value) -> Value {
    post(&site().await, "/mcp", "application/json", &message.to_string()).await.json()
}

async fn call(name: &str, arguments: Value) -> (bool, String) {
    let params = json!({"name": name, "arguments": arguments});
    let answer = say(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})).await;
    let result = &answer["result"];
    (result["isError"] == json!(false), result["content"][0]["text"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_client_is_greeted_and_told_the_tools() {
    let params =
        json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
    let hello = say(json!({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params})).await;
    assert_eq!((&hello["id"], &hello["result"]["protocolVersion"]), (&json!("a"), &json!("2025-03-26")));
    let site = site().await;
    let noted =
        post(&site, "/mcp", "application/json", r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!((noted.status, noted.text()), (StatusCode::ACCEPTED, ""));
    let tools = say(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    let names: Vec<_> = tools["result"]["tools"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(names, ["views", "describe", "query", "problems", "blamelist"].map(|name| json!(name)));
    assert_eq!(get(&site, "/mcp").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn tools_answer_and_refuse_in_words() {
    let (is_good, views) = call("views", json!({})).await;
    assert!(is_good && views.contains("Problems: failing streaks"), "{views}");
    let (is_good, columns) = call("describe", json!({"view": "problem"})).await;
    assert!(is_good && columns.contains("series"), "{columns}");
    let (is_good, rows) = call("query", json!({"sql": "SELECT name FROM problem ORDER BY name", "limit": 2})).await;
    assert!(is_good && rows.lines().count() == 4 && rows.contains("There are more rows"), "{rows}");
    let (is_good, broken) = call("problems", json!({"state": 1})).await;
    assert!(!is_good, "{broken}");
    let (is_good, blamed) = call("blamelist", json!({"problem_id": "p-1"})).await;
    assert!(is_good && blamed.contains("Suspects:") && blamed.contains("Merge docs"), "{blamed}");
    for (name, arguments, says) in [
        ("query", json!({"sql": "SELECT nope FROM problem"}), "line 1, column 8"),
        ("query", json!({"sql": "DROP TABLE problem"}), "not allowed"),
        ("describe", json!({"view": "nothing"}), "there is no view"),
    ] {
        let (is_good, text) = call(name, arguments).await;
        assert!(!is_good && text.contains(says), "{name}: {text}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_told() {
    for (message, code) in [
        (json!({"jsonrpc": "2.0", "id": 1, "method": "nothing"}), -32601),
        (json!({"jsonrpc": "2.0", "id": 1}), -32700),
        (json!([]), -32700),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "shell"}}), -32602),
        (json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "query"}}), -32602),
        (
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "views", "arguments": {"x": 1}}}),
            -32602,
        ),
    ] {
        assert_eq!(say(message.clone()).await["error"]["code"], json!(code), "{message}");
    }
    let reply = post(&site().await, "/mcp", "application/json", "{").await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32700)));
}

#[tokio::test]
async fn a_page_of_another_site_asks_nothing() {
    let ask = async |origin: &str| {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let request = Request::post("/mcp").header("host", "annals.example").header("origin", origin);
        send(&site().await, request.body(Body::from(body)).unwrap()).await.status
    };
    assert_eq!(ask("http://annals.example").await, StatusCode::OK);
    assert_eq!(ask("http://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(ask("null").await, StatusCode::FORBIDDEN);
}
