//! What a browser has to bring back from the identity provider.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::BrowserSecret;

/// How long a sign-in may take, in seconds.
pub const FLOW_SECONDS: i64 = 600;

/// Why the browser goes to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To prove again who the person is, before a decision.
    Again,
}

/// One way to the provider and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Ties the answer to this browser.
    pub state: BrowserSecret,
    /// Ties the ID token to this flow.
    pub nonce: BrowserSecret,
    /// Ties the code to this flow (PKCE).
    pub verifier: BrowserSecret,
    /// Why it was begun.
    pub purpose: Purpose,
    /// Where the browser goes in the end. It comes back in a cookie, so check it again before use.
    pub return_to: String,
    began_at: DateTime<Utc>,
}

impl Flow {
    /// Begins.
    pub fn new(purpose: Purpose, return_to: &str, now: DateTime<Utc>) -> Self {
        Self {
            state: BrowserSecret::random(),
            nonce: BrowserSecret::random(),
            verifier: BrowserSecret::random(),
            purpose,
            return_to: return_to.to_owned(),
            began_at: now,
        }
    }

    /// A person who proves again who they are does so after the flow began.
    pub fn proved_since(&self) -> Option<DateTime<Utc>> {
        (self.purpose == Purpose::Again).then_some(self.began_at)
    }

    /// The cookie's value.
    pub fn to_cookie(&self) -> String {
        let purpose = match self.purpose {
            Purpose::SignIn => "in",
            Purpose::Again => "again",
        };
        let began_at = self.began_at.timestamp();
        let [state, nonce, verifier] = [&self.state, &self.nonce, &self.verifier].map(BrowserSecret::expose);
        let to = URL_SAFE_NO_PAD.encode(&self.return_to);
        format!("{state}.{nonce}.{verifier}.{purpose}.{began_at}.{to}")
    }

    /// What [`Flow::to_cookie`] wrote, unless it is too long ago.
    pub fn from_cookie(text: &str, now: DateTime<Utc>) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [state, nonce, verifier, purpose, began_at, to] = parts[..] else { return None };
        let began_at = DateTime::from_timestamp(began_at.parse().ok()?, 0)?;
        let is_in_time = (TimeDelta::zero()..TimeDelta::seconds(FLOW_SECONDS)).contains(&(now - began_at));
        let to = String::from_utf8(URL_SAFE_NO_PAD.decode(to).ok()?).ok()?;
        let flow = Self {
            state: BrowserSecret::parse(state)?,
            nonce: BrowserSecret::parse(nonce)?,
            verifier: BrowserSecret::parse(verifier)?,
            purpose: match purpose {
                "in" => Purpose::SignIn,
                "again" => Purpose::Again,
                _ => return None,
            },
            return_to: to,
            began_at,
        };
        is_in_time.then_some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn a_flow_comes_back_as_it_left() {
        for purpose in [Purpose::SignIn, Purpose::Again] {
            let flow = Flow::new(purpose, "/ui/requests/1?a=b.c", now());
            assert_eq!(Flow::from_cookie(&flow.to_cookie(), now()), Some(flow.clone()));
            assert!(!format!("{flow:?}").contains(flow.verifier.expose()));
        }
    }

    #[test]
    fn a_flow_lasts_ten_minutes() {
        let text = Flow::new(Purpose::SignIn, "/ui", now()).to_cookie();
        assert!(Flow::from_cookie(&text, now() + TimeDelta::seconds(599)).is_some());
        assert!(Flow::from_cookie(&text, now() + TimeDelta::seconds(600)).is_none());
        assert!(Flow::from_cookie(&text, now() - TimeDelta::seconds(1)).is_none());
    }

    #[test]
    fn a_cookie_that_a_browser_made_up_is_no_flow() {
        let flow = Flow::new(Purpose::SignIn, "/ui", now());
        let text = flow.to_cookie();
        let (start, _) = text.rsplit_once('.').unwrap();
        for text in ["", ".....", start, &format!("{text}."), &text.replace(".in.", ".out.")] {
            assert_eq!(Flow::from_cookie(text, now()), None, "{text}");
        }
    }
}
