//! What the page of an error says: what is true, and what it means or what to do. The second is empty where there is
//! nothing more to say.

use crate::domain::actor::Permission;
use crate::domain::ids::OrgId;

/// A form was sent by somebody who is not signed in any more.
pub const SIGNED_OUT: (&str, &str) = (
    "You were signed out. Nothing was recorded.",
    "Sign in and go back to where you were. Copy what you wrote, if it is shown here.",
);

/// A form that no page of this session made.
pub const FOREIGN_FORM: (&str, &str) = (
    "This form is too old, or comes from another place. Nothing was recorded.",
    "Go back, read the page again, and send the form from there.",
);

/// What is asked for does not exist for this person.
pub const NOT_FOUND: (&str, &str) =
    ("There is no such thing for you.", "It does not exist, or it belongs to another org.");

/// A call that can't be read.
pub const UNREADABLE: (&str, &str) = ("This call can’t be read. Nothing was recorded.", "");

/// Nobody can sign in.
pub const NO_PAGES: (&str, &str) = (
    "There are no pages here.",
    "Nobody can sign in: the operators have named no identity provider (web.oidc_issuer).",
);

/// A form of signing in that came without the cookie of its page.
pub const NO_COOKIE: (&str, &str) = (
    "Your browser did not send this site's cookie. Nobody was signed in.",
    "Let your browser keep this site's cookies, and begin again. Over http, some browsers keep none that are marked \
     Secure: use another one, or https.",
);

/// More pages want to show changes than may.
pub const TOO_MANY_STREAMS: (&str, &str) =
    ("Too many pages are open.", "This one does not show changes on its own. Reload it now and then.");

/// Several requests are to be decided, and none is ticked.
pub const NOTHING_TICKED: (&str, &str) =
    ("No request is ticked.", "Go back to the list and tick those that you want to decide together.");

/// Said to whoever holds no permission; [`without_permission`] says what to do.
pub const NO_PERMISSION: (&str, &str) = ("You are signed in, but you may do nothing here yet.", "");

/// Why something was not done, if the engine or the gateway says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// The store takes nothing now.
    NotNow,
    /// Something failed here.
    Broken,
    /// The page is not for this person.
    NotYourPage,
    /// Anything else.
    Refused,
}

/// What is true of it.
pub fn not_done(why: NotDone) -> &'static str {
    match why {
        NotDone::NotNow => "Countersign can’t do this right now.",
        NotDone::Broken => "Something broke here.",
        NotDone::NotYourPage => "You can’t open this page.",
        NotDone::Refused => "This was not done.",
    }
}

/// A form was sent for another org than the one that its sender is in now, if that is known.
pub fn not_for_org(now: Option<&OrgId>, made_for: &str) -> (String, String) {
    let now = now.map_or_else(|| "another org".to_owned(), |org| format!("org {org}"));
    (
        format!("You changed to {now} in another tab. Nothing was stored."),
        format!("The form that you sent is of org {made_for}."),
    )
}

/// A form was sent by somebody else than who is signed in now, if their name is known.
pub fn not_for_person(now: Option<&str>) -> (String, String) {
    (
        format!("{} signed in in another tab. Nothing was stored.", now.unwrap_or("Somebody else")),
        "The form that you sent is of somebody who was signed in before.".to_owned(),
    )
}

/// Said to whoever may submit nothing.
pub fn no_maker() -> (&'static str, String) {
    let make = Permission::Make.name();
    (
        "You can’t submit requests.",
        format!("Submitting needs the permission {make}. Ask whoever grants permissions in your org."),
    )
}

/// What to do for somebody who holds no permission.
pub fn without_permission(org: &OrgId, user_id: &str) -> String {
    let [make, check, audit] = Permission::ALL.map(Permission::name);
    format!(
        "You hold no permission in org {org}, so there is nothing here that you may see. Ask whoever grants permissions in \
         your org for {make} to submit requests, {check} to decide them, or {audit} to read them. Tell them your user \
         id, {user_id}. Then sign out and sign in again."
    )
}

/// Where somebody can go on from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOn {
    /// To the page that was asked for, through signing in.
    SignIn,
    /// To the first page, for nobody who is known.
    Start,
    /// To the list of this name.
    List(&'static str),
}

/// The words of its link.
pub fn way_on(way: WayOn) -> String {
    match way {
        WayOn::SignIn => "Sign in and go back there".to_owned(),
        WayOn::Start => "Back to the start".to_owned(),
        WayOn::List(name) => format!("Go to {name}"),
    }
}
