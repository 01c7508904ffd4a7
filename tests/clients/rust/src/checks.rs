//! What a user of an MCP server relies on.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, DetailedTask,
    GetTaskParams, LoggingLevel, RequestMetaObject, ServerNotification, SetLevelRequestParams,
    SubscriptionFilter, TaskPayload, UpdateTaskParams,
};
use serde_json::{Value, json};

use crate::Client;
use crate::user::Heard;

/// How long a call takes that is to be cancelled: longer than anybody waits for it.
const SLOW_SECONDS: u64 = 20;
/// The pause between two looks at a task.
const POLL: Duration = Duration::from_millis(100);

/// Runs checks, prints a line for each, and remembers whether all of them passed.
pub struct Checks<'c> {
    client: &'c Client,
    heard: Heard,
    /// Since 2026-07-28 every request says for itself which log messages it wants.
    is_modern: bool,
    passed: bool,
}

impl<'c> Checks<'c> {
    pub fn new(client: &'c Client, heard: Heard, is_modern: bool) -> Self {
        Self {
            client,
            heard,
            is_modern,
            passed: true,
        }
    }

    pub fn passed(self) -> bool {
        self.passed
    }

    fn report(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => println!("  ok      {name}"),
            Err(error) => {
                self.passed = false;
                println!("  FAILED  {name}: {error:#}");
            }
        }
    }

    /// The revision, lists and plain calls.
    pub async fn server(&mut self, expected: &str) {
        let version = self
            .client
            .peer()
            .peer_info()
            .map(|info| info.protocol_version.to_string());
        let speaks = same(&version.as_deref(), &Some(expected));
        self.report(&format!("speaks {expected}"), speaks);
        let listed = self.lists().await;
        self.report("lists all tools, resources and prompts", listed);
        let called = self
            .expect("hello", json!({ "name": "Ada" }), "Hello, Ada!")
            .await;
        self.report("calls a tool", called);
    }

    async fn lists(&self) -> Result<()> {
        let tools = self.client.list_all_tools().await?;
        let paged = tools.iter().filter(|tool| tool.name.starts_with("paged-"));
        same(&paged.count(), &250)?;
        let resources = self.client.list_all_resources().await?;
        ensure!(resources.iter().any(|one| one.uri == "sample://greeting"));
        let prompts = self.client.list_all_prompts().await?;
        ensure!(prompts.iter().any(|one| one.name == "greet"));
        Ok(())
    }

    /// What the server says and asks while it works on a call.
    pub async fn exchange(&mut self) {
        let progress = self.progress().await;
        self.report("hears of progress", progress);
        let logs = self.logs().await;
        self.report("gets log messages", logs);
        for (name, tool, arguments, answer) in [
            (
                "is asked by an elicitation",
                "test_elicitation",
                json!({ "message": "Well?" }),
                r#"User response: action=accept, content={"response":"yes"}"#,
            ),
            (
                "is asked by a sampling",
                "test_sampling",
                json!({ "prompt": "Which city?" }),
                "LLM response: Paris",
            ),
            (
                "is asked for its roots",
                "test_input_required_result_list_roots",
                json!({}),
                "Found 1 roots",
            ),
            (
                "is asked several things at once",
                "test_input_required_result_multiple_inputs",
                json!({}),
                "Paris yes, 1 roots",
            ),
        ] {
            let asked = self.expect(tool, arguments, answer).await;
            self.report(name, asked);
        }
        let cancelled = self.cancels().await;
        self.report("cancels a call", cancelled);
    }

    async fn progress(&mut self) -> Result<()> {
        self.call("test_tool_with_progress", json!({})).await?;
        for expected in [0.0, 50.0, 100.0] {
            same(&self.heard.progress.recv().await, &Some(expected))?;
        }
        Ok(())
    }

    async fn logs(&mut self) -> Result<()> {
        if !self.is_modern {
            let level = SetLevelRequestParams::new(LoggingLevel::Info);
            self.client.set_level(level).await?;
        }
        self.call("test_tool_with_logging", json!({})).await?;
        for word in ["started", "processing", "completed"] {
            let logged = self.heard.logs.recv().await.context("nothing was logged")?;
            ensure!(logged.to_string().contains(word), "{logged}");
        }
        Ok(())
    }

    async fn cancels(&self) -> Result<()> {
        {
            let mut slow = pin!(self.call("slow_compute", json!({ "seconds": SLOW_SECONDS })));
            tokio::select! {
                ended = &mut slow => bail!("the slow call ended: {ended:?}"),
                // The answer says that the server has had the slow call before it.
                greeted = self.expect("greet", json!({ "name": "Ada" }), "Hello, Ada!") => greeted?,
            }
            // Dropped, it is cancelled.
        }
        self.expect("greet", json!({ "name": "Grace" }), "Hello, Grace!")
            .await
    }

    /// Streams of changes.
    pub async fn listening(&mut self) {
        let listened = self.listens().await;
        self.report("listens to changes", listened);
    }

    async fn listens(&self) -> Result<()> {
        let filter = SubscriptionFilter::builder().tools_list_changed().build();
        let mut subscription = self.client.peer().listen(filter).await?;
        self.call("test_trigger_tool_change", json!({})).await?;
        let told = subscription.next().await?;
        ensure!(
            matches!(
                told,
                Some(ServerNotification::ToolListChangedNotification(_))
            ),
            "{told:?}"
        );
        Ok(subscription.cancel().await?)
    }

    /// Calls that become tasks.
    pub async fn tasks(&mut self) {
        let completed = self.completes_a_task().await;
        self.report("completes a task", completed);
        let answered = self.answers_a_task().await;
        self.report("is asked by a task", answered);
        let cancelled = self.cancels_a_task().await;
        self.report("cancels a task", cancelled);
    }

    async fn completes_a_task(&self) -> Result<()> {
        let task = self.start("slow_compute", json!({ "seconds": 0 })).await?;
        match self.settled(&task).await?.payload {
            TaskPayload::Completed { result } => {
                let text = result.get("content").context("no content")?;
                ensure!(text.to_string().contains("Computed something"), "{text}");
                Ok(())
            }
            other => bail!("{other:?}"),
        }
    }

    async fn answers_a_task(&self) -> Result<()> {
        let task = self
            .start("confirm_delete", json!({ "filename": "a.txt" }))
            .await?;
        let TaskPayload::InputRequired { input_requests } = self.settled(&task).await?.payload
        else {
            bail!("the task asked nothing")
        };
        let accepted = json!({ "action": "accept", "content": { "confirm": true } });
        let responses = input_requests
            .keys()
            .map(|key| (key.clone(), accepted.clone()));
        let update = UpdateTaskParams::new(task.clone(), responses.collect());
        self.client.update_task(update).await?;
        match self.settled(&task).await?.payload {
            TaskPayload::Completed { .. } => Ok(()),
            other => bail!("{other:?}"),
        }
    }

    async fn cancels_a_task(&self) -> Result<()> {
        let task = self
            .start("slow_compute", json!({ "seconds": SLOW_SECONDS }))
            .await?;
        self.client
            .cancel_task(CancelTaskParams::new(task.clone()))
            .await?;
        match self.settled(&task).await?.payload {
            TaskPayload::Cancelled => Ok(()),
            other => bail!("{other:?}"),
        }
    }

    /// Calls a tool that becomes a task; answers its id.
    async fn start(&self, tool: &str, arguments: Value) -> Result<String> {
        match self
            .client
            .call_tool_once(self.params(tool, arguments))
            .await?
        {
            CallToolResponse::Task(created) => Ok(created.task.task_id),
            other => bail!("no task: {other:?}"),
        }
    }

    /// The task as soon as it does not work any more.
    async fn settled(&self, task: &str) -> Result<DetailedTask> {
        loop {
            let got = self.client.get_task(GetTaskParams::new(task)).await?.task;
            if !matches!(got.payload, TaskPayload::Working) {
                return Ok(got);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn params(&self, tool: &str, arguments: Value) -> CallToolRequestParams {
        let mut params = CallToolRequestParams::new(tool.to_owned());
        if let Value::Object(arguments) = arguments {
            params.arguments = Some(arguments);
        }
        if self.is_modern {
            let mut meta = RequestMetaObject::default();
            meta.set_log_level(LoggingLevel::Info);
            params.meta = Some(meta);
        }
        params
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<CallToolResult> {
        let result = self.client.call_tool(self.params(tool, arguments)).await?;
        ensure!(result.is_error != Some(true), "{result:?}");
        Ok(result)
    }

    async fn expect(&self, tool: &str, arguments: Value, text: &str) -> Result<()> {
        let result = self.call(tool, arguments).await?;
        let first = result.content.first().and_then(|block| block.as_text());
        same(&first.map(|block| block.text.as_str()), &Some(text))
    }
}

fn same<T: PartialEq + std::fmt::Debug>(seen: &T, expected: &T) -> Result<()> {
    ensure!(seen == expected, "got {seen:?} instead of {expected:?}");
    Ok(())
}
