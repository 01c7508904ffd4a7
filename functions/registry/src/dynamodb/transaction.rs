//! One `TransactWriteItems`, and what its cancellation means.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

use super::DynamoDbStore;
use super::failures::{by_code, malformed, store_error};
use super::items::{self, Item};
use crate::name::RegistrationName;
use crate::store::{CatalogVersion, StoreError};

/// What must be true of an item for it to be written.
pub(super) enum Condition {
    /// Nothing.
    None,
    /// The catalog is at this version; at 0 it does not exist.
    Catalog(CatalogVersion),
    /// It does not exist.
    Absent,
    /// It was last written at this revision; or has none, if it is not one that this program wrote.
    Revision(Option<CatalogVersion>),
    /// It does not exist, or points to one of these resources.
    PointsTo(Vec<RegistrationName>),
}

/// What becomes of an item. `Put` has the whole item, `Delete` the key.
pub(super) enum Write {
    Put(Item),
    Delete(Item),
}

impl Write {
    pub(super) fn item(&self) -> &Item {
        match self {
            Self::Put(item) | Self::Delete(item) => item,
        }
    }
}

/// What an item is to a transaction, and so what it means when its condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The catalog's versions.
    Catalog,
    /// Records of what is done.
    Record,
    /// A registration.
    Registration,
    /// The item that leads to a resource.
    Pointer {
        /// The place of the change that it is written for.
        change: usize,
    },
}

/// One action of a transaction.
pub(super) struct Step {
    pub(super) subject: Subject,
    pub(super) write: Write,
    pub(super) condition: Condition,
}

/// What is written together: at most 100 steps, no two of them of one item.
pub(super) struct Transaction {
    pub(super) steps: Vec<Step>,
}

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    /// Somebody else wrote at the same time; with what is true now it may succeed.
    Raced,
    /// Pointers belong to other resources.
    Taken(Vec<Taken>),
}

/// A pointer that belongs to another resource.
#[derive(Debug)]
pub(super) struct Taken {
    /// The place of the change that wanted it.
    pub(super) change: usize,
    /// The pointer's key, at least.
    pub(super) pointer: Item,
    /// Whose it is, if that can be read.
    pub(super) by: Option<RegistrationName>,
}

impl DynamoDbStore {
    pub(super) async fn commit(&self, transaction: &Transaction) -> Result<Outcome, StoreError> {
        let steps = transaction.steps.iter().map(|step| self.action(step));
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(steps.collect::<Result<_, _>>()?));
        // The SDK makes a token for each operation, so that its own retries don't run into what they wrote themselves.
        let Err(error) = request.send().await else {
            return Ok(Outcome::Done);
        };
        outcome(&error, &transaction.steps)
    }

    fn action(&self, step: &Step) -> Result<TransactWriteItem, StoreError> {
        // The old item comes back when the condition fails: it says who has a URI, without another read.
        let return_old = match step.subject {
            Subject::Pointer { .. } => Some(ReturnValuesOnConditionCheckFailure::AllOld),
            _ => None,
        };
        let Expression {
            text,
            names,
            values,
        } = expression(&step.condition);
        let action = TransactWriteItem::builder();
        let action = match &step.write {
            Write::Put(item) => action.put(
                Put::builder()
                    .table_name(self.table.as_str())
                    .set_item(Some(item.clone()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .set_return_values_on_condition_check_failure(return_old)
                    .build()
                    .map_err(malformed)?,
            ),
            Write::Delete(key) => action.delete(
                Delete::builder()
                    .table_name(self.table.as_str())
                    .set_key(Some(key.clone()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .set_return_values_on_condition_check_failure(return_old)
                    .build()
                    .map_err(malformed)?,
            ),
        };
        Ok(action.build())
    }
}

/// A condition as `DynamoDB` reads it. What is empty has to be absent.
#[derive(Default)]
struct Expression {
    text: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    fn new<const N: usize>(
        text: impl Into<String>,
        names: [(&str, &str); N],
        values: impl IntoIterator<Item = (String, AttributeValue)>,
    ) -> Self {
        let names = names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()));
        let values: HashMap<_, _> = values.into_iter().collect();
        Self {
            text: Some(text.into()),
            names: Some(HashMap::from(names)),
            values: (!values.is_empty()).then_some(values),
        }
    }
}

fn expression(condition: &Condition) -> Expression {
    let value = |value| [(":value".to_owned(), value)];
    match condition {
        Condition::None => Expression::default(),
        Condition::Catalog(version) if *version != CatalogVersion::default() => Expression::new(
            "#version = :value",
            [("#version", items::VERSION)],
            value(items::number(*version)),
        ),
        Condition::Catalog(_) | Condition::Absent => {
            Expression::new("attribute_not_exists(#name)", [("#name", items::NAME)], [])
        }
        Condition::Revision(Some(revision)) => Expression::new(
            "#revision = :value",
            [("#revision", items::REVISION)],
            value(items::number(*revision)),
        ),
        Condition::Revision(None) => Expression::new(
            "attribute_exists(#name) AND NOT attribute_type(#revision, :value)",
            [("#name", items::NAME), ("#revision", items::REVISION)],
            value(items::text("N")),
        ),
        Condition::PointsTo(resources) => {
            let values = resources.iter().enumerate();
            let values: Vec<_> = values
                .map(|(index, name)| (format!(":value{index}"), items::text(name.as_str())))
                .collect();
            let placeholders: Vec<_> = values.iter().map(|(name, _)| name.as_str()).collect();
            let text = format!(
                "attribute_not_exists(#name) OR #registration IN ({})",
                placeholders.join(", ")
            );
            let names = [
                ("#name", items::NAME),
                ("#registration", items::REGISTRATION),
            ];
            Expression::new(text, names, values)
        }
    }
}

fn outcome(
    error: &SdkError<TransactWriteItemsError>,
    steps: &[Step],
) -> Result<Outcome, StoreError> {
    const OPERATION: &str = "TransactWriteItems";
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            of_reasons(cancelled.cancellation_reasons(), steps)
        }
        // The same token with another transaction, or one still under way: start over with a new one.
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Outcome::Raced),
        _ => Err(store_error(OPERATION, error)),
    }
}

/// The reasons stand in the order of the transaction's steps.
fn of_reasons(reasons: &[CancellationReason], steps: &[Step]) -> Result<Outcome, StoreError> {
    const OPERATION: &str = "TransactWriteItems";
    let mut raced = false;
    let mut taken = Vec::new();
    for (reason, step) in reasons.iter().zip(steps) {
        match (reason.code().unwrap_or("None"), step.subject) {
            ("None", _) => {}
            ("ConditionalCheckFailed", Subject::Pointer { change }) => taken.push(Taken {
                change,
                pointer: step.write.item().clone(),
                by: reason
                    .item()
                    .and_then(|item| items::read_name(item, items::REGISTRATION).ok()),
            }),
            // What the registration is like is read again, and may still be what the change needs.
            ("ConditionalCheckFailed", Subject::Registration) => return Ok(Outcome::Raced),
            ("ConditionalCheckFailed" | "TransactionConflict", _) => raced = true,
            (code, _) => {
                return Err(by_code(
                    OPERATION,
                    code,
                    reason.message().unwrap_or_default(),
                ));
            }
        }
    }
    // What a pointer says is final, even when the catalog moved as well.
    if !taken.is_empty() {
        Ok(Outcome::Taken(taken))
    } else if raced {
        Ok(Outcome::Raced)
    } else {
        Err(by_code(
            OPERATION,
            "TransactionCanceledException",
            "cancelled without a reason",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a cancelled transaction with these codes is understood: of the catalog, a record, a registration and a
    /// pointer.
    fn understood(codes: [&str; 4]) -> &'static str {
        let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
        let subjects = [
            Subject::Catalog,
            Subject::Record,
            Subject::Registration,
            Subject::Pointer { change: 0 },
        ];
        let steps = subjects.map(|subject| Step {
            subject,
            write: Write::Delete(items::catalog_key()),
            condition: Condition::None,
        });
        match of_reasons(&reasons, &steps) {
            Ok(Outcome::Done) => "done",
            Ok(Outcome::Raced) => "raced",
            Ok(Outcome::Taken(_)) => "taken",
            Err(StoreError::Throttled(_)) => "throttled",
            Err(StoreError::Denied(_)) => "denied",
            Err(_) => "unavailable",
        }
    }

    #[test]
    fn the_place_of_a_reason_says_what_it_means() {
        const FAILED: &str = "ConditionalCheckFailed";
        const MET: &str = "TransactionConflict";
        const NONE: &str = "None";
        for (codes, expected) in [
            ([FAILED, NONE, NONE, NONE], "raced"),
            ([NONE, NONE, FAILED, NONE], "raced"),
            // A pointer that another resource has may be free once the registrations are read again.
            ([FAILED, NONE, FAILED, FAILED], "raced"),
            ([NONE, NONE, NONE, FAILED], "taken"),
            ([FAILED, NONE, NONE, FAILED], "taken"),
            ([MET, NONE, NONE, NONE], "raced"),
            ([NONE, MET, NONE, NONE], "raced"),
            ([NONE, NONE, MET, NONE], "raced"),
            ([NONE, NONE, "ThrottlingError", NONE], "throttled"),
            (
                [NONE, "ProvisionedThroughputExceeded", NONE, NONE],
                "throttled",
            ),
            ([NONE, NONE, "AccessDenied", NONE], "denied"),
            ([NONE, NONE, "ValidationError", NONE], "unavailable"),
            ([NONE; 4], "unavailable"),
        ] {
            assert_eq!(understood(codes), expected, "{codes:?}");
        }
    }
}
