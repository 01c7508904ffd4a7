//! The operations on buckets.

use http::{Method, StatusCode};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::buckets::Setting;
use super::errors::S3Error;
use super::request::Request;
use super::service::Answer;
use super::{Actor, S3, now, xml};
use crate::function::{ACCOUNT_ID, REGION};

const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");

/// A Unix time as S3's documents give it.
pub(super) fn iso(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(ISO)
        .unwrap_or_default()
}

impl S3 {
    /// A request that names no bucket.
    pub(super) fn service_call(&self, request: &Request<'_>) -> Result<Answer, S3Error> {
        if request.method != Method::GET {
            return Err(S3Error::MethodNotAllowed);
        }
        request.allow_parameters(&[])?;
        if request.actor == Actor::Anonymous {
            return Err(S3Error::AccessDenied);
        }
        let mut text = xml::start("ListAllMyBucketsResult");
        text.push_str("<Owner>");
        xml::push(&mut text, "ID", ACCOUNT_ID);
        text.push_str("</Owner><Buckets>");
        for (name, bucket) in &self.state().buckets {
            if bucket.owner == ACCOUNT_ID {
                text.push_str("<Bucket>");
                xml::push(&mut text, "Name", name);
                xml::push(&mut text, "CreationDate", &iso(bucket.created));
                text.push_str("</Bucket>");
            }
        }
        text.push_str("</Buckets></ListAllMyBucketsResult>");
        Ok(Answer::xml(text))
    }

    /// A request that names a bucket and no object.
    pub(super) fn bucket_call(&self, request: &Request<'_>) -> Result<Answer, S3Error> {
        let setting = request.query.keys().find_map(|name| Setting::named(name));
        if let Some(setting) = setting {
            return self.setting_call(request, setting);
        }
        let has = |name: &str| request.query.contains_key(name);
        let bucket = request.bucket.as_str();
        let allow = |action: &str| self.state().authorize(request.actor, action, bucket, None);
        match request.method {
            _ if has("policy") => self.policy_call(request),
            Method::GET if has("location") => {
                request.allow_parameters(&["location"])?;
                allow("s3:GetBucketLocation")?;
                // An empty constraint is us-east-1.
                Ok(Answer::xml(
                    xml::start("LocationConstraint") + "</LocationConstraint>",
                ))
            }
            Method::GET => {
                allow("s3:ListBucket")?;
                self.list(request)
            }
            Method::HEAD => {
                request.allow_parameters(&[])?;
                allow("s3:ListBucket")?;
                let mut answer = Answer::empty(StatusCode::OK);
                answer
                    .headers
                    .push(("x-amz-bucket-region", REGION.to_owned()));
                Ok(answer)
            }
            Method::PUT => {
                request.allow_parameters(&[])?;
                self.create_bucket(request)
            }
            Method::DELETE => {
                request.allow_parameters(&[])?;
                allow("s3:DeleteBucket")?;
                self.change(|state| state.delete(bucket))?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            Method::POST => Err(S3Error::NotImplemented("POST on a bucket")),
            _ => Err(S3Error::MethodNotAllowed),
        }
    }

    fn create_bucket(&self, request: &Request<'_>) -> Result<Answer, S3Error> {
        if request.actor == Actor::Anonymous {
            return Err(S3Error::AccessDenied);
        }
        if !request.body.is_empty() {
            let document = xml::parse(&request.body, "CreateBucketConfiguration")?;
            if xml::text(document.root_element(), "LocationConstraint").is_some() {
                return Err(S3Error::InvalidLocationConstraint);
            }
        }
        self.change(|state| state.create(&request.bucket, ACCOUNT_ID, now()))?;
        let mut answer = Answer::empty(StatusCode::OK);
        answer
            .headers
            .push(("location", format!("/{}", request.bucket)));
        Ok(answer)
    }

    fn policy_call(&self, request: &Request<'_>) -> Result<Answer, S3Error> {
        request.allow_parameters(&["policy"])?;
        let name = request.bucket.as_str();
        let allow = |action: &str| self.state().authorize(request.actor, action, name, None);
        match request.method {
            Method::GET => {
                allow("s3:GetBucketPolicy")?;
                let policy = self.state().bucket(name)?.policy.clone();
                let mut answer = Answer::empty(StatusCode::OK);
                answer.body = policy.ok_or(S3Error::NoSuchBucketPolicy)?.into();
                answer
                    .headers
                    .push(("content-type", "application/json".to_owned()));
                Ok(answer)
            }
            Method::PUT => {
                allow("s3:PutBucketPolicy")?;
                self.change(|state| state.bucket_mut(name)?.set_policy(name, &request.body))?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            Method::DELETE => {
                allow("s3:DeleteBucketPolicy")?;
                self.change(|state| {
                    state.bucket_mut(name)?.policy = None;
                    Ok(())
                })?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(S3Error::MethodNotAllowed),
        }
    }

    fn setting_call(&self, request: &Request<'_>, setting: Setting) -> Result<Answer, S3Error> {
        if request.query.len() > 1 {
            return Err(S3Error::NotImplemented("one of the query's parameters"));
        }
        let name = request.bucket.as_str();
        let action = setting.action(request.method != Method::GET);
        self.state().authorize(request.actor, action, name, None)?;
        match request.method {
            Method::GET => {
                let state = self.state();
                let kept = state.bucket(name)?.settings.get(&setting).cloned();
                let root = setting.root();
                Ok(Answer::xml(kept.unwrap_or_else(|| {
                    format!("{}{}</{root}>", xml::start(root), setting.default())
                })))
            }
            Method::PUT => {
                xml::parse(&request.body, setting.root())?;
                let text = String::from_utf8_lossy(&request.body).into_owned();
                self.change(|state| {
                    state.bucket_mut(name)?.settings.insert(setting, text);
                    Ok(())
                })?;
                Ok(Answer::empty(StatusCode::OK))
            }
            Method::DELETE => {
                // Without the block nothing is blocked, unlike in a new bucket; other settings fall back.
                let gone = (setting == Setting::PublicAccessBlock)
                    .then(|| format!("{}</{}>", xml::start(setting.root()), setting.root()));
                self.change(|state| {
                    let settings = &mut state.bucket_mut(name)?.settings;
                    settings.remove(&setting);
                    settings.extend(gone.map(|text| (setting, text)));
                    Ok(())
                })?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(S3Error::MethodNotAllowed),
        }
    }
}
