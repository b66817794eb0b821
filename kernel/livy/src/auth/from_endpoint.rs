use std::sync::Arc;

use super::{Auth, AuthError, EMR_SERVERLESS, Fixed, NoAuth, SigV4};
use crate::{Endpoint, endpoint::Credentials};

/// Chooses the authentication by an address: by the credentials in it, else by its host.
pub(crate) fn from_endpoint(endpoint: &Endpoint) -> Result<Arc<dyn Auth>, AuthError> {
    Ok(match endpoint.credentials() {
        Credentials::None => match SigV4::region_of(endpoint) {
            Some(region) => Arc::new(SigV4::new(EMR_SERVERLESS, region)?),
            None => Arc::new(NoAuth),
        },
        Credentials::Basic { user, password } => Arc::new(Fixed::basic(user, password)?),
        Credentials::Bearer(token) => Arc::new(Fixed::bearer(token)?),
    })
}
