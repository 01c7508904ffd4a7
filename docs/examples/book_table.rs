//! Books a table: says how far it is, and asks for how many people. Deployed as `bootstrap` on the runtime
//! `provided.al2023`.

use lambda_runtime::streaming::{Body, Response, Sender, channel};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(stream)).await
}

async fn stream(event: LambdaEvent<Value>) -> Result<Response<Body>, Error> {
    let (sender, body) = channel();
    tokio::spawn(async move {
        // Whoever listened has gone: there is nobody left to tell.
        let _ = book(&event.payload, sender).await;
    });
    Ok(Response::from(body))
}

/// Asks first, and is invoked again with the answer and with its own state.
async fn book(event: &Value, mut sender: Sender) -> Result<(), Error> {
    let day = event["args"]["day"].as_str().unwrap_or_default();
    let party = &event["inputResponses"]["party"];
    let result = if party.is_null() {
        say(
            &mut sender,
            progress(1, &format!("Looking for a table on {day}")),
        )
        .await?;
        json!({
            "resultType": "input_required",
            "inputRequests": { "party": question() },
            "requestState": { "table": 7 }
        })
    } else if party["action"] == "accept" {
        say(&mut sender, progress(2, "Booking it")).await?;
        let (table, people) = (&event["requestState"]["table"], &party["content"]["people"]);
        json!(format!("Table {table} is booked for {people} on {day}."))
    } else {
        json!("No table is booked.")
    };
    say(&mut sender, json!({ "type": "result", "result": result })).await
}

fn progress(done: u32, message: &str) -> Value {
    json!({ "type": "progress", "progress": done, "total": 2, "message": message })
}

fn question() -> Value {
    json!({ "method": "elicitation/create", "params": {
        "message": "A table for how many?",
        "requestedSchema": {
            "type": "object",
            "properties": { "people": { "type": "integer", "minimum": 1, "maximum": 8 } },
            "required": ["people"]
        }
    } })
}

/// Writes one frame.
async fn say(sender: &mut Sender, frame: Value) -> Result<(), Error> {
    Ok(sender.send_data(format!("{frame}\n").into()).await?)
}
