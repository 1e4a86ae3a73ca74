//! Signing in, signing in again, signing out, and changing the org.

use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::auth::BrowserSecret;
use crate::web::html::filters;
use crate::web::session::cookie::{self, FLOW, SESSION, START};

use crate::auth::oidc::{FLOW_SECONDS, Flow, Provider, Purpose, SignInFault};
use crate::domain::actor::Person;
use crate::domain::ids::OrgId;
use crate::engine::sessions::{NewSession, SessionGrant};
use crate::http::body::UnreadBody;
use crate::http::query::given_once;
use crate::web::session::{ReturnTo, Session, SignIn, check_browser, check_person, check_start};
use crate::web::{Page, PageError, PageRequest, Web, assets, ok, see_other};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    environment: &'a str,
    style: &'static str,
    script: &'static str,
    server: String,
    version: &'static str,
    csrf: String,
    to: String,
    comes_back: bool,
    was_signed_out: bool,
    people: Vec<(String, String, String)>,
    provider: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in_again.html")]
struct AgainPage<'a> {
    environment: &'a str,
    style: &'static str,
    script: &'static str,
    csrf: String,
    to: String,
    name: String,
    provider: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in_going.html")]
struct GoingPage {
    style: &'static str,
    provider: String,
    url: String,
}

/// A form of these pages, as it came.
#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    person: String,
}

/// The form that changes the org.
#[derive(Deserialize)]
pub struct OrgForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    org: String,
    /// Where to go on.
    #[serde(default)]
    to: String,
}

/// `GET /ui/sign-in`
pub async fn sign_in(web: web::Data<Web>, request: HttpRequest) -> Page {
    let to = ReturnTo::read(&given_once(&request, "to").unwrap_or_default());
    match Session::of(&web, &request).await {
        Ok(_) => return Ok(see_other(to.as_str())),
        Err(PageError::SignIn { .. }) => {}
        Err(error) => return Err(error),
    }
    let secret = cookie::secret(&request, START).unwrap_or_else(BrowserSecret::random);
    let (people, provider) = match &*web.sign_in {
        SignIn::Off => return Err(PageError::off()),
        SignIn::Demo(people) => {
            let people = people.iter().map(|person| {
                let id = person.granted.person.user_id.as_str();
                (id.to_owned(), person.name.clone(), person.what.clone())
            });
            (people.collect(), None)
        }
        SignIn::Oidc(provider) => (Vec::new(), Some(provider.host().to_owned())),
    };
    let page = SignInPage {
        environment: &web.environment,
        style: &assets::STYLE.path,
        script: &assets::SCRIPT.path,
        server: server_host(web.public_origin.as_deref(), &request).to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        csrf: secret.form_token(),
        to: to.to_string(),
        comes_back: !to.is_home(),
        was_signed_out: given_once(&request, "out").is_some(),
        people,
        provider,
    };
    let mut response = ok(&page)?;
    cookie::set(&mut response, START, secret.expose(), Some(FLOW_SECONDS));
    Ok(response)
}

/// The host of this server as the browser knows it. What a proxy forwards is not read: anybody can send it.
fn server_host<'a>(public_origin: Option<&'a str>, request: &'a HttpRequest) -> &'a str {
    let public = public_origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let named = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    public.or_else(named).unwrap_or_default()
}

/// The form of somebody who is not signed in yet. It is not read unless this browser was given its page.
async fn start_form(web: &Web, request: &HttpRequest, body: UnreadBody) -> Result<SignInForm, PageError> {
    check_browser(request)?;
    let form: SignInForm = body.read_form(request).await?;
    check_start(web, request, &form.csrf)?;
    Ok(form)
}

/// `POST /ui/sign-in/demo`
pub async fn demo(web: web::Data<Web>, request: HttpRequest, body: UnreadBody) -> Page {
    let SignIn::Demo(people) = &*web.sign_in else { return Err(PageError::NotFound) };
    let form = start_form(&web, &request, body).await?;
    let person = people.iter().find(|person| person.granted.person.user_id == form.person);
    let granted = person.ok_or(PageError::NotFound)?.granted.clone();
    let proof = Proof { granted, signed_in_at: Some(web.engine.clock().now()) };
    open(&web, &request, proof, &ReturnTo::read(&form.to)).await
}

/// `POST /ui/sign-in/start`
pub async fn start(web: web::Data<Web>, request: HttpRequest, body: UnreadBody) -> Page {
    let SignIn::Oidc(provider) = &*web.sign_in else { return Err(PageError::NotFound) };
    let form = start_form(&web, &request, body).await?;
    go(&web, provider, Purpose::SignIn, &form.to).await
}

/// `GET /ui/sign-in/again`
pub async fn again(page: PageRequest) -> Page {
    let PageRequest { web, http, session, .. } = page;
    let provider = match &*web.sign_in {
        SignIn::Oidc(provider) => Some(provider.host().to_owned()),
        SignIn::Off | SignIn::Demo(_) => None,
    };
    ok(&AgainPage {
        environment: &web.environment,
        style: &assets::STYLE.path,
        script: &assets::SCRIPT.path,
        csrf: session.csrf,
        to: ReturnTo::read(&given_once(&http, "to").unwrap_or_default()).to_string(),
        name: session.actor.signer.person.user_name,
        provider,
    })
}

/// `POST /ui/sign-in/again`
pub async fn start_again(page: PageRequest, body: UnreadBody) -> Page {
    let form: SignInForm = body.read_form(&page.http).await?;
    page.check_person(&form.csrf)?;
    let PageRequest { web, http, session, .. } = page;
    match &*web.sign_in {
        SignIn::Off => Err(PageError::off()),
        SignIn::Demo(_) => {
            let proof = Proof { granted: session.live.granted, signed_in_at: Some(web.engine.clock().now()) };
            open(&web, &http, proof, &ReturnTo::read(&form.to)).await
        }
        SignIn::Oidc(provider) => go(&web, provider, Purpose::Again, &form.to).await,
    }
}

/// Sends the browser to the provider. By a page, not by a redirect: a browser applies `form-action` to every
/// redirect behind a form, and nobody knows where else the provider sends people for their password.
async fn go(web: &Web, provider: &Provider, purpose: Purpose, to: &str) -> Page {
    let now = web.engine.clock().now();
    let (url, flow) = provider.begin(purpose, ReturnTo::read(to).as_str(), now).await.map_err(failed)?;
    let page = GoingPage { style: &assets::STYLE.path, provider: provider.host().into(), url: url.into() };
    let mut response = ok(&page)?;
    cookie::set(&mut response, FLOW, &flow.to_cookie(), Some(FLOW_SECONDS));
    Ok(response)
}

/// Where the identity provider sends the browser back to.
pub fn callback_path() -> String {
    format!("{}/sign-in/callback", crate::web::BASE)
}

/// `GET /ui/sign-in/callback`: the provider sent the browser back. Whatever comes of it, it counts once.
pub async fn callback(web: web::Data<Web>, request: HttpRequest) -> Page {
    let SignIn::Oidc(provider) = &*web.sign_in else { return Err(PageError::NotFound) };
    let mut response = match come_back(&web, &request, provider).await {
        Ok(response) => response,
        Err(error) => error.answer(&request, Some(&web)).await,
    };
    cookie::clear(&mut response, FLOW);
    Ok(response)
}

/// Whether both are one account, letter by letter: a sign-in gives a session its rights.
fn is_exactly(one: &Person, other: &Person) -> bool {
    one.iss == other.iss && one.user_id == other.user_id
}

async fn come_back(web: &Web, request: &HttpRequest, provider: &Provider) -> Page {
    let now = web.engine.clock().now();
    let flow = cookie::read(request, FLOW).and_then(|text| Flow::from_cookie(&text, now));
    let flow = flow.ok_or(SignInFault::Flow).map_err(failed)?;
    let claims = provider.finish(&flow, |name| given_once(request, name), now).await.map_err(failed)?;
    if flow.purpose == Purpose::Again
        && let Ok(session) = Session::of(web, request).await
        && !is_exactly(&session.actor.person, &claims.person)
    {
        return Err(failed(SignInFault::AnotherPerson));
    }
    let granted = SessionGrant {
        person: claims.person,
        orgs: claims.orgs,
        permissions: claims.permissions,
        groups: claims.groups,
        has_unread_groups: claims.has_unread_groups,
        act: claims.act,
    };
    // A provider's clock that is ahead makes no sign-in of the future.
    let signed_in_at = claims.signed_in_at.map(|at| at.min(now));
    // A cookie comes from a browser: check again where it leads.
    open(web, request, Proof { granted, signed_in_at }, &ReturnTo::read(&flow.return_to)).await
}

/// Who a person has proved to be.
struct Proof {
    granted: SessionGrant,
    /// When they proved it, if that is known.
    signed_in_at: Option<DateTime<Utc>>,
}

/// Opens a session under a new secret; the one that this browser had before ends.
async fn open(web: &Web, request: &HttpRequest, proof: Proof, to: &ReturnTo) -> Page {
    let Proof { granted, signed_in_at } = proof;
    let before = match Session::of(web, request).await {
        Ok(session) => Some(session),
        Err(PageError::SignIn { .. }) => None,
        Err(error) => return Err(error),
    };
    // A person who signs in again stays in the org where their work is.
    let same_org = before.as_ref().map(|session| &session.actor.org).filter(|org| granted.orgs.contains(org));
    let org = same_org.or(granted.orgs.first()).cloned().ok_or(PageError::NotFound)?;
    if let Some(before) = &before {
        web.live.end(before.id);
    }
    let secret = BrowserSecret::random();
    let opening = NewSession {
        id: cookie::session_id(&secret),
        granted,
        org,
        signed_in_at,
        replaces: before.map(|session| session.id),
    };
    web.engine.open_session(opening).await?;
    let mut response = see_other(to.as_str());
    cookie::set(&mut response, SESSION, secret.expose(), None);
    cookie::clear(&mut response, START);
    Ok(response)
}

/// `POST /ui/sign-out`
pub async fn sign_out(web: web::Data<Web>, request: HttpRequest, body: UnreadBody) -> Page {
    match Session::of(&web, &request).await {
        Ok(session) => {
            let form: SignInForm = body.read_form(&request).await?;
            check_person(&web, &request, &session, &form.csrf)?;
            web.engine.end_session(session.id).await?;
            web.live.end(session.id);
            tracing::info!("signed out");
        }
        // Nobody is signed in: that is what was wanted.
        Err(PageError::SignIn { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut response = see_other(&format!("{}/sign-in?out=1", crate::web::BASE));
    cookie::clear(&mut response, SESSION);
    Ok(response)
}

/// `POST /ui/org`
pub async fn switch_org(page: PageRequest, body: UnreadBody) -> Page {
    let form: OrgForm = body.read_form(&page.http).await?;
    page.check_person(&form.csrf)?;
    page.change_org(&OrgId::new(form.org.as_str())).await?;
    Ok(see_other(ReturnTo::read(&form.to).as_str()))
}

/// The message when signing in did not work; the log has the kind.
fn failed(fault: SignInFault) -> PageError {
    tracing::warn!(kind = fault.kind(), detail = %fault, "a sign-in was not completed");
    let status = if fault.is_theirs() { StatusCode::BAD_GATEWAY } else { StatusCode::FORBIDDEN };
    let (title, text) = fault.words();
    PageError::Message { status, title: title.to_owned(), text: text.to_owned() }
}

/// Serves what signing in and out needs.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sign-in", web::get().to(sign_in))
        .route("/sign-in/demo", web::post().to(demo))
        .route("/sign-in/start", web::post().to(start))
        .route("/sign-in/callback", web::get().to(callback))
        .route("/sign-in/again", web::get().to(again))
        .route("/sign-in/again", web::post().to(start_again))
        .route("/sign-out", web::post().to(sign_out))
        .route("/org", web::post().to(switch_org));
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_server_that_a_person_signs_in_to_is_never_named_by_a_forwarded_header() {
        let forged = TestRequest::default()
            .insert_header(("host", "127.0.0.1:8080"))
            .insert_header(("x-forwarded-host", "evil.example"))
            .insert_header(("forwarded", "host=evil.example"))
            .to_http_request();
        assert_eq!(server_host(None, &forged), "127.0.0.1:8080");
        assert_eq!(server_host(Some("https://approve.example.com"), &forged), "approve.example.com");
        let unnamed = TestRequest::default().insert_header(("x-forwarded-host", "evil.example"));
        assert_eq!(server_host(None, &unnamed.to_http_request()), "");
    }
}
