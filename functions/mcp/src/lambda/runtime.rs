//! The invocation loop: `lambda_runtime` polls, [`Service`](super::Service) answers, this posts the answer.

use super::{
    Answered, Event, InvalidEvent, UrlEvent,
    answer::{PRELUDE_CONTENT_TYPE, StreamedAnswer},
};
use crate::invocation::{CALL_LIMIT, Invocation};
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lambda_runtime::{Error as BoxError, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use registry::logging;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// Serves invocations until Lambda ends the execution environment.
///
/// # Errors
///
/// When the Runtime API can't be reached, which ends the environment.
pub async fn run<S: super::Service>(service: S) -> Result<(), BoxError> {
    let answering = Answering::new(service)?;
    // The inner service is what `Runtime::new` asks for; the layer takes its place and never calls it.
    Runtime::new(service_fn(unused))
        .layer(replacing(answering))
        .run()
        .await
}

async fn unused(_: LambdaEvent<serde_json::Value>) -> Result<(), BoxError> {
    Ok(())
}

fn replacing<Inner, S: super::Service>(
    answering: Answering<S>,
) -> impl Layer<Inner, Service = Answering<S>> {
    layer_fn(move |_: Inner| answering.clone())
}

type PostBody = Either<StreamedAnswer, Full<Bytes>>;

struct Answering<S> {
    service: Arc<S>,
    runtime_api: RuntimeApi,
}

impl<S> Clone for Answering<S> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
            runtime_api: self.runtime_api.clone(),
        }
    }
}

impl<S: super::Service> Answering<S> {
    fn new(service: S) -> Result<Self, BoxError> {
        Ok(Self {
            service: Arc::new(service),
            runtime_api: RuntimeApi::from_environment()?,
        })
    }

    async fn answer(self, invocation: LambdaInvocation) -> Result<(), BoxError> {
        let LambdaInvocation { body, context, .. } = invocation;
        let request_id = context.request_id;
        let event = match Event::parse(&body) {
            Ok(event) => event,
            Err(error) => return self.runtime_api.refuse(&request_id, &error).await,
        };
        drop(body);
        let mut invocation = Invocation {
            request_id: request_id.clone(),
            deadline: Invocation::deadline_from_epoch_ms(context.deadline),
            default_limit: CALL_LIMIT,
            principal: None,
        };
        match event {
            Event::Url(event) => {
                let UrlEvent { request, principal } = *event;
                invocation.principal = principal;
                let Answered { response, rest } = self.service.call(request, invocation).await;
                self.runtime_api.respond(&request_id, response).await?;
                if let Some(rest) = rest {
                    rest.await;
                }
                Ok(())
            }
            Event::Work(order) => {
                // Boxed, so that its state is no part of every request.
                Box::pin(self.service.work(order, invocation)).await;
                self.runtime_api.done(&request_id).await
            }
        }
    }
}

impl<S: super::Service> Service<LambdaInvocation> for Answering<S> {
    type Response = ();
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        Box::pin(self.clone().answer(invocation))
    }
}

/// The half of the Runtime API that takes answers.
#[derive(Clone)]
struct RuntimeApi {
    authority: Arc<str>,
    client: Client<HttpConnector, PostBody>,
}

impl RuntimeApi {
    fn from_environment() -> Result<Self, BoxError> {
        let authority = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(
            |_| "AWS_LAMBDA_RUNTIME_API is not set: this program runs as an AWS Lambda function",
        )?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            authority: authority.into(),
            client,
        })
    }

    async fn respond(
        &self,
        request_id: &str,
        response: Response<super::AnswerBody>,
    ) -> Result<(), BoxError> {
        let request = self
            .post(request_id, "response")
            .header(CONTENT_TYPE, PRELUDE_CONTENT_TYPE)
            .header(RESPONSE_MODE, "streaming")
            .body(Either::Left(StreamedAnswer::new(response)))?;
        self.send(request_id, request).await
    }

    /// Says that an event was dealt with, to which there is no answer.
    async fn done(&self, request_id: &str) -> Result<(), BoxError> {
        let request = self
            .post(request_id, "response")
            .header(CONTENT_TYPE, "application/json")
            .body(Either::Right(Full::from("null")))?;
        self.send(request_id, request).await
    }

    async fn refuse(&self, request_id: &str, error: &InvalidEvent) -> Result<(), BoxError> {
        tracing::error!(
            requestId = request_id,
            cause = logging::chain(error),
            "the event was refused"
        );
        let body =
            serde_json::json!({ "errorType": "InvalidEvent", "errorMessage": error.to_string() });
        let request = self
            .post(request_id, "error")
            .header(CONTENT_TYPE, "application/json")
            .header(ERROR_TYPE, "InvalidEvent")
            .body(Either::Right(Full::from(body.to_string())))?;
        self.send(request_id, request).await
    }

    fn post(&self, request_id: &str, kind: &str) -> http::request::Builder {
        Request::post(format!(
            "http://{}/2018-06-01/runtime/invocation/{request_id}/{kind}",
            self.authority
        ))
    }

    async fn send(&self, request_id: &str, request: Request<PostBody>) -> Result<(), BoxError> {
        let response = self.client.request(request).await?;
        let status = response.status();
        if !status.is_success() {
            // Too late or too large: this answer is lost, and the environment goes on with the next event.
            tracing::error!(requestId = request_id, %status, "Lambda did not take the answer");
        }
        drain(response).await
    }
}

/// Reads an answer to its end, so that its connection can be used again.
async fn drain(response: Response<Incoming>) -> Result<(), BoxError> {
    response.into_body().collect().await?;
    Ok(())
}
