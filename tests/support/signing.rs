//! Requests signed as AWS clients sign them: Signature Version 4, service `lambda`.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;

/// How long a presigned URL is good for.
const PRESIGNED_FOR: Duration = Duration::from_mins(1);

/// Who signs, when and how.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The keys.
    pub credentials: Credentials,
    /// The region in the credential scope.
    pub region: String,
    /// The time of the signature.
    pub time: SystemTime,
    /// Where the signature goes: headers, or the query of a presigned URL.
    pub location: SignatureLocation,
}

impl Signer {
    /// Signs now, for us-east-1, in headers.
    pub fn new(access_key_id: &str, secret_access_key: &str, session_token: Option<&str>) -> Self {
        let token = session_token.map(str::to_owned);
        Self {
            credentials: Credentials::new(access_key_id, secret_access_key, token, None, "tests"),
            region: "us-east-1".to_owned(),
            time: SystemTime::now(),
            location: SignatureLocation::Headers,
        }
    }

    /// Signs now with these keys, as [`Signer::new`] does.
    pub fn with(credentials: &local_cloud::Credentials) -> Self {
        let (id, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
        Self::new(id, secret, credentials.session_token.as_deref())
    }

    /// The request with its signature; method, URL, headers and body are all signed.
    pub fn sign(&self, mut request: Request<Bytes>) -> Result<Request<Bytes>> {
        let mut settings = SigningSettings::default();
        settings.signature_location = self.location;
        if self.location == SignatureLocation::QueryParams {
            settings.expires_in = Some(PRESIGNED_FOR);
        }
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("lambda")
            .time(self.time)
            .settings(settings)
            .build()?
            .into();
        let url = request.uri().to_string();
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.as_str(), value.to_str()?)))
            .collect::<Result<_>>()?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            url.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(request.body()),
        )?;
        let (instructions, _signature) = sign(signable, &params)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
