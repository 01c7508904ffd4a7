//! Lists that consist of registrations alone.

use super::{
    Server,
    cursor::{Place, after},
    unreadable,
};
use crate::catalog::Listed;
use registry::RegistrationStore;
use rmcp::{ErrorData, model::PaginatedRequestParams};

/// The page that a request asks for, and the cursor of the one after it.
pub(super) async fn page<T: Listed, S: RegistrationStore, I>(
    server: &Server<S, I>,
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let place = Place::of_registrations(request, T::KIND)?;
    let catalog = server.catalog().await?;
    let page = catalog.page(place.as_ref()).await.map_err(unreadable)?;
    Ok((page.items.clone(), after(page.next.as_ref(), T::KIND)))
}
