//! The time of day in the forms that Lambda writes it.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const LOG_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]/[month]/[day]");
const RFC_3339: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The date as a log stream's name has it, `2026/11/23`.
pub(crate) fn log_date() -> String {
    format(LOG_DATE)
}

/// Now, `2026-11-23T10:00:00.000Z`.
pub(crate) fn rfc3339() -> String {
    format(RFC_3339)
}

/// Milliseconds since 1970.
pub(crate) fn epoch_millis() -> i128 {
    OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000
}

fn format(description: &[BorrowedFormatItem<'_>]) -> String {
    // The formats name only parts that a date with time has, so this can't fail.
    OffsetDateTime::now_utc()
        .format(description)
        .unwrap_or_default()
}
