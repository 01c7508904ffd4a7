//! One `TransactWriteItems`, and what its cancellation means.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::DynamoDbStore;
use super::failures::{by_code, store_error};
use super::items::{self, Item};
use crate::id::RegistrationType;
use crate::name::RegistrationName;
use crate::store::{CatalogVersion, CatalogVersions, StoreError};

/// What must be true of an item for it to be written.
pub(super) enum Condition {
    /// It does not exist.
    Absent,
    /// It was last written at this revision; or has none, if it is not one that this program wrote.
    Revision(Option<CatalogVersion>),
    /// It does not exist, or points to this resource.
    PointsTo(RegistrationName),
}

/// One write. `Put` has the whole item, `Delete` the key.
pub(super) enum Action {
    Put(Item, Condition),
    Delete(Item, Condition),
}

impl Action {
    pub(super) fn item(&self) -> &Item {
        match self {
            Self::Put(item, _) | Self::Delete(item, _) => item,
        }
    }
}

/// The writes of one transaction: the catalog's version, and then the rest.
pub(super) struct Transaction {
    /// The versions that the catalog has before it.
    pub(super) from: CatalogVersions,
    /// The type of the registration.
    pub(super) kind: RegistrationType,
    /// The registration's own item.
    pub(super) registration: Action,
    /// The items that lead to it, at most two.
    pub(super) pointers: Vec<Action>,
}

/// How a transaction ended.
pub(super) enum Outcome {
    Done,
    /// Somebody else wrote at the same time; with what is true now it may succeed.
    Raced,
    /// The registration's own condition does not hold.
    RegistrationDiffers,
    /// A pointer belongs to another resource.
    PointerTaken {
        index: usize,
        by: Option<RegistrationName>,
    },
}

impl DynamoDbStore {
    pub(super) async fn commit(&self, transaction: &Transaction) -> Result<Outcome, StoreError> {
        let mut request = self
            .client
            .transact_write_items()
            .transact_items(self.write_catalog(transaction)?)
            .transact_items(self.write(&transaction.registration)?);
        for pointer in &transaction.pointers {
            request = request.transact_items(self.write(pointer)?);
        }
        // The SDK makes a token for each operation, so that its own retries don't run into what they wrote themselves.
        let Err(error) = request.send().await else {
            return Ok(Outcome::Done);
        };
        outcome(&error)
    }

    fn write_catalog(&self, transaction: &Transaction) -> Result<TransactWriteItem, StoreError> {
        let Transaction { from, kind, .. } = transaction;
        let put = Put::builder()
            .table_name(self.table.as_str())
            .set_item(Some(items::catalog(from.next(*kind))));
        let put = if from.whole == CatalogVersion::default() {
            put.condition_expression("attribute_not_exists(#name)")
                .expression_attribute_names("#name", items::NAME)
        } else {
            put.condition_expression("#version = :from")
                .expression_attribute_names("#version", items::VERSION)
                .expression_attribute_values(":from", items::number(from.whole))
        };
        let put = put.build().map_err(malformed)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn write(&self, action: &Action) -> Result<TransactWriteItem, StoreError> {
        // The old item comes back when the condition fails: it says who has a URI, without another read.
        let return_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match action {
            Action::Put(item, condition) => {
                let (expression, name, value) = expression(condition);
                let mut put = Put::builder()
                    .table_name(self.table.as_str())
                    .set_item(Some(item.clone()))
                    .condition_expression(expression)
                    .return_values_on_condition_check_failure(return_old);
                for (placeholder, name) in name {
                    put = put.expression_attribute_names(placeholder, name);
                }
                if let Some(value) = value {
                    put = put.expression_attribute_values(":value", value);
                }
                let put = put.build().map_err(malformed)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            Action::Delete(key, condition) => {
                let (expression, name, value) = expression(condition);
                let mut delete = Delete::builder()
                    .table_name(self.table.as_str())
                    .set_key(Some(key.clone()))
                    .condition_expression(expression)
                    .return_values_on_condition_check_failure(return_old);
                for (placeholder, name) in name {
                    delete = delete.expression_attribute_names(placeholder, name);
                }
                if let Some(value) = value {
                    delete = delete.expression_attribute_values(":value", value);
                }
                let delete = delete.build().map_err(malformed)?;
                Ok(TransactWriteItem::builder().delete(delete).build())
            }
        }
    }
}

type Names = Vec<(&'static str, &'static str)>;

fn expression(
    condition: &Condition,
) -> (
    &'static str,
    Names,
    Option<aws_sdk_dynamodb::types::AttributeValue>,
) {
    match condition {
        Condition::Absent => (
            "attribute_not_exists(#name)",
            vec![("#name", items::NAME)],
            None,
        ),
        Condition::Revision(Some(revision)) => (
            "#revision = :value",
            vec![("#revision", items::REVISION)],
            Some(items::number(*revision)),
        ),
        Condition::Revision(None) => (
            "attribute_exists(#name) AND NOT attribute_type(#revision, :value)",
            vec![("#name", items::NAME), ("#revision", items::REVISION)],
            Some(items::text("N")),
        ),
        Condition::PointsTo(name) => (
            "attribute_not_exists(#name) OR #registration = :value",
            vec![
                ("#name", items::NAME),
                ("#registration", items::REGISTRATION),
            ],
            Some(items::text(name.as_str())),
        ),
    }
}

fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn outcome(error: &SdkError<TransactWriteItemsError>) -> Result<Outcome, StoreError> {
    const OPERATION: &str = "TransactWriteItems";
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            of_reasons(cancelled.cancellation_reasons())
        }
        // The same token with another transaction, or one still under way: start over with a new one.
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Outcome::Raced),
        _ => Err(store_error(OPERATION, error)),
    }
}

/// The reasons stand in the order of the transaction's items: catalog, registration, pointers.
fn of_reasons(reasons: &[CancellationReason]) -> Result<Outcome, StoreError> {
    const OPERATION: &str = "TransactWriteItems";
    const CONDITION: Option<&str> = Some("ConditionalCheckFailed");
    // What the registration itself says is final, even when the catalog moved as well.
    if reasons
        .get(1)
        .is_some_and(|reason| reason.code() == CONDITION)
    {
        return Ok(Outcome::RegistrationDiffers);
    }
    for (index, reason) in reasons.iter().skip(2).enumerate() {
        if reason.code() == CONDITION {
            let by = reason
                .item()
                .and_then(|item| items::read_name(item, items::REGISTRATION).ok());
            return Ok(Outcome::PointerTaken { index, by });
        }
    }
    let failed = reasons.iter().filter_map(|reason| match reason.code() {
        None | Some("None") => None,
        Some(code) => Some((code, reason.message().unwrap_or_default())),
    });
    let mut raced = false;
    for (code, message) in failed {
        match code {
            "ConditionalCheckFailed" | "TransactionConflict" => raced = true,
            code => return Err(by_code(OPERATION, code, message)),
        }
    }
    if raced {
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

    /// How a cancelled transaction with these codes, in the order of its items, is understood.
    fn understood(codes: &[&str]) -> &'static str {
        let reasons: Vec<CancellationReason> = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect();
        match of_reasons(&reasons) {
            Ok(Outcome::Done) => "done",
            Ok(Outcome::Raced) => "raced",
            Ok(Outcome::RegistrationDiffers) => "registration differs",
            Ok(Outcome::PointerTaken { .. }) => "pointer taken",
            Err(StoreError::Throttled(_)) => "throttled",
            Err(StoreError::Denied(_)) => "denied",
            Err(_) => "unavailable",
        }
    }

    #[test]
    fn the_place_of_a_reason_says_what_it_means() {
        const FAILED: &str = "ConditionalCheckFailed";
        for (codes, expected) in [
            ([FAILED, "None", "None"], "raced"),
            (["None", FAILED, "None"], "registration differs"),
            ([FAILED, FAILED, FAILED], "registration differs"),
            (["None", "None", FAILED], "pointer taken"),
            ([FAILED, "None", FAILED], "pointer taken"),
            (["TransactionConflict", "None", "None"], "raced"),
            (["None", "TransactionConflict", "None"], "raced"),
            (["None", "ThrottlingError", "None"], "throttled"),
            (
                ["None", "ProvisionedThroughputExceeded", "None"],
                "throttled",
            ),
            (["None", "AccessDenied", "None"], "denied"),
            (["None", "ValidationError", "None"], "unavailable"),
            (["None", "None", "None"], "unavailable"),
        ] {
            assert_eq!(understood(&codes), expected, "{codes:?}");
        }
    }
}
