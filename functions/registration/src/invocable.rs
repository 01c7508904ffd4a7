//! Checks at registration what would fail at call time.

use registry::{LambdaArn, Problem, Problems, Registration, RegistrationStore};

use crate::Api;
use crate::failure::Failure;
use crate::health::{FunctionProbe, Health};

/// That the functions of these registrations, which stand at these places of the request, can be invoked as far as
/// anybody can tell.
pub(crate) async fn check<'a>(
    api: &Api<impl RegistrationStore, impl FunctionProbe>,
    registrations: impl IntoIterator<Item = (&'a str, &'a Registration)>,
) -> Result<(), Failure> {
    let registrations: Vec<_> = registrations.into_iter().collect();
    let functions = registrations.iter().filter_map(|(_, one)| function_of(one));
    let health = api.checker.check(functions).await;
    let mut problems = Problems::default();
    for (place, registration) in registrations {
        let health = function_of(registration).and_then(|function| health.get(function));
        problems.extend(health.and_then(|health| problem(place, health)));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::NotInvocable(problems))
    }
}

/// The function that has to be there. A disabled registration has none: one whose function is gone can be disabled, and
/// one whose function is yet to come be prepared.
pub(crate) fn function_of(registration: &Registration) -> Option<&LambdaArn> {
    registration.enabled.then_some(&registration.lambda_arn)
}

/// What is wrong with the registration at this place, if its function is not to be invoked.
pub(crate) fn problem(place: &str, health: &Health) -> Option<Problem> {
    let field = match place {
        "" => "lambdaArn".to_owned(),
        place => format!("{place}.lambdaArn"),
    };
    health.is_failing().then(|| Problem {
        field,
        message: health.message.clone().unwrap_or_default(),
        mend: health.mend.clone(),
    })
}
