//! Lists by the maker's account.

use chrono::TimeDelta;

use crate::support::app::App;
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![a_list_is_sorted_by_the_makers_account_and_walked_so];

async fn a_list_is_sorted_by_the_makers_account_and_walked_so(on: On) {
    let app = App::start(on).await;
    let makers = [7, 5, 9].map(|id| Person::new(id, &format!("m{id}@example.com"), &["CanMakeRequest"]));
    let mut ids = Vec::new();
    for at in [0, 1, 2, 0, 1, 2, 1] {
        app.clock.advance(TimeDelta::seconds(1));
        ids.push(app.actor(makers[at].clone()).submitted(&app.badge()).await.id);
    }
    let first_to_last: Vec<String> = [1, 4, 6, 0, 3, 2, 5].map(|at: usize| ids[at].clone()).into();
    let last_to_first: Vec<String> = first_to_last.iter().rev().cloned().collect();
    for (order, expected) in [("", &first_to_last), ("asc", &first_to_last), ("desc", &last_to_first)] {
        let query = format!("sortBy=maker&sortOrder={order}");
        assert_eq!(app.checker().lists(&query).await, *expected, "{order}");
        for limit in [1, 2, 3] {
            assert_eq!(
                walked(&app, &format!("{query}&limit={limit}")).await,
                *expected,
                "{order} by {limit}"
            );
        }
    }
}

/// The ids of all pages, one after the other.
async fn walked(app: &App, query: &str) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let body = app.checker().get(&format!("/requests?{query}&after={after}")).await.expect(200);
        let rows = body["data"].as_array().unwrap();
        found.extend(rows.iter().map(|row| row["requestId"].as_str().unwrap().to_owned()));
        match body["pagination"]["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return found,
        }
    }
}
