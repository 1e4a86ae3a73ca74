//! The operation that searches.

use super::answers::success;
use super::operation::{Operation, READING, given};
use super::{parameters, schemas};
use crate::domain::search::MATCHES_MAX;
use crate::http::wire::SearchPage;

pub(super) fn search() -> Operation {
    let mut parameters = vec![parameters::search_words()];
    parameters.extend(given(&["states", "requestType", "limit", "after", "orgOrOnly"]));
    Operation {
        id: "searchRequests".to_owned(),
        tag: "Reading",
        summary: "Search requests by words.".to_owned(),
        description: format!(
            "Finds what the list of requests may show to the reader, by the id or its beginning, subject, names and \
             accounts of maker and checkers, amount, target host, reason, comments, decisions and public fields of the \
             call, newest first. Looks at the newest {MATCHES_MAX} matches. A change is found as soon as it is indexed, \
             see `search.lagMs`."
        ),
        parameters,
        body: None,
        success: success("One page of requests.", &schemas::of::<SearchPage>(), &[]),
        refused: READING,
        special: None,
    }
}
