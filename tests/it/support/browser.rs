//! As much of a browser as the pages need: it keeps cookies, and sends forms as a browser would.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;

use super::app::App;
use super::client::{Call, Reply};
use super::page::Page;

/// The cookie of a person who is signed in.
pub const SESSION: &str = "__Host-countersign";

/// A browser with its own cookies.
pub struct Browser<'a> {
    app: &'a App,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a App) -> Self {
        Self { app, cookies: RefCell::default() }
    }

    /// The cookie's value, if the browser has it.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Plants a cookie.
    pub fn plant(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Every cookie that it has.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.borrow().clone()
    }

    /// Where forms of our own pages come from.
    pub fn origin(&self) -> String {
        format!("http://{}", self.app.server().address())
    }

    /// A call with the browser's cookies.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = self.app.call(method, path);
        if cookies.is_empty() { call } else { call.header("cookie", &cookies.join("; ")) }
    }

    /// Sends a call and keeps the cookies of its answer.
    pub async fn send(&self, call: Call) -> Reply {
        let reply = call.send().await;
        for value in reply.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.plant(name, value);
            }
        }
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.call("GET", path)).await
    }

    /// A page that is there.
    #[track_caller]
    pub fn page(&self, path: &str) -> impl Future<Output = Page> {
        let caller = Location::caller();
        async move {
            let reply = self.get(path).await;
            assert_eq!(reply.status, 200, "{path}, asked for at {caller}: {}", reply.text);
            reply.page()
        }
    }

    /// A form's call before it is sent: from our own page, with these fields.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Call {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.call("POST", path)
            .header("origin", &self.origin())
            .header("sec-fetch-site", "same-origin")
            .raw("application/x-www-form-urlencoded", body.as_bytes())
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.form(path, fields)).await
    }

    /// Signs in by one click as the person with this user id.
    pub async fn sign_in(&self, user_id: &str) -> Reply {
        self.sign_in_to(user_id, "/ui").await
    }

    /// The same, and then to a page.
    pub async fn sign_in_to(&self, user_id: &str, to: &str) -> Reply {
        let page = self.get("/ui/sign-in").await;
        let csrf = page.field("csrf");
        self.post("/ui/sign-in/demo", &[("csrf", &csrf), ("person", user_id), ("to", to)]).await
    }

    /// What the forms of this session carry.
    pub async fn csrf(&self) -> String {
        self.get("/ui/sign-in/again").await.field("csrf")
    }

    /// Whether a page that needs a session is shown.
    pub async fn is_signed_in(&self) -> bool {
        let reply = self.get("/ui/sign-in/again").await;
        if reply.status != 200 {
            assert_eq!(reply.status, 303, "{}", reply.text);
            assert!(reply.header("location").unwrap().starts_with("/ui/sign-in?to="));
        }
        reply.status == 200
    }
}

impl Reply {
    /// The value of the page's first field of this name.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        self.page().field(name)
    }

    /// Where it sends the browser.
    #[track_caller]
    pub fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.header("location").unwrap()
    }

    /// The page that it sends the browser to, without what the address says beside it.
    #[track_caller]
    pub fn leads_to_page(&self) -> &str {
        self.leads_to().split('?').next().unwrap()
    }
}
