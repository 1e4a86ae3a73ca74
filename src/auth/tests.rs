//! Tokens that are accepted, and every way to be refused.
//!
//! Longer than 400 lines because keys, tokens and claims are attacked with the same fixture.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::{
    mint::{Holder, MintError, mint},
    *,
};
use crate::config::Secret;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
const JWKS: &str = "tests/it/fixtures/keys/jwks.json";
const RSA: &[u8] = include_bytes!("../../tests/it/fixtures/keys/rsa-2048.private.der");
const EC: &[u8] = include_bytes!("../../tests/it/fixtures/keys/ec-p256.private.der");
const ED: &[u8] = include_bytes!("../../tests/it/fixtures/keys/ed25519.private.der");
const NOW: i64 = 1_700_000_000;

const HS_HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const RS_HEADER: &str = r#"{"alg":"RS256","kid":"rs-1"}"#;
const ES_HEADER: &str = r#"{"alg":"ES256","kid":"es-1"}"#;
const ED_HEADER: &str = r#"{"alg":"EdDSA","kid":"ed-1"}"#;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn auth() -> AuthConfig {
    AuthConfig {
        issuer: Some("https://idp.test/".into()),
        audience: Some("countersign".into()),
        ..crate::config::Config::default().auth
    }
}

fn auth_with_secret() -> AuthConfig {
    AuthConfig { hs256_secret: Some(Secret::new(SECRET)), ..auth() }
}

fn auth_with_public_keys() -> AuthConfig {
    AuthConfig { jwks_file: Some(JWKS.into()), ..auth() }
}

fn claims() -> Value {
    json!({
        "iss": "https://idp.test/", "aud": "countersign", "sub": "u-alice", "orgId": "100",
        "iat": NOW - 5, "nbf": NOW - 5, "exp": NOW + 300, "jti": "t-1",
        "userId": 400001, "userName": "alice@example.com",
        "permissions": ["CanMakeRequest", "Unknown"],
    })
}

/// The claims with one of them replaced by the value with this JSON text, or removed if it is empty.
fn claims_with(name: &str, text: &str) -> String {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    members.remove(name);
    if !text.is_empty() {
        members.insert(name.to_owned(), serde_json::from_str(text).unwrap());
    }
    claims.to_string()
}

fn sign(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn sign_hs(header: &str, claims: &str) -> String {
    sign(header, claims, &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256)
}

fn sign_rs(header: &str, claims: &str) -> String {
    sign(header, claims, &EncodingKey::from_rsa_der(RSA), Algorithm::RS256)
}

fn verify_hs(token: &str) -> Result<Claims, TokenFault> {
    Verifier::new(&auth_with_secret()).unwrap().verify(token, now())
}

fn verify_public(token: &str) -> Result<Claims, TokenFault> {
    Verifier::new(&auth_with_public_keys()).unwrap().verify(token, now())
}

#[test]
fn a_good_token_says_who_is_asking() {
    let person = Person {
        iss: "https://idp.test/".into(),
        sub: "u-alice".into(),
        user_id: "400001".into(),
        user_name: "alice@example.com".into(),
    };
    let wanted = Claims {
        person,
        orgs: vec![OrgId::new("100")],
        permissions: vec![Permission::Make],
        groups: vec![],
        has_unread_groups: false,
        act: vec![],
        token_id: Some("t-1".into()),
        signed_in_at: None,
    };
    let claims = claims().to_string();
    assert_eq!(verify_hs(&sign_hs(HS_HEADER, &claims)).unwrap(), wanted);
    assert_eq!(verify_public(&sign_rs(RS_HEADER, &claims)).unwrap(), wanted);
    let es = sign(ES_HEADER, &claims, &EncodingKey::from_ec_der(EC), Algorithm::ES256);
    assert_eq!(verify_public(&es).unwrap(), wanted);
    let ed = sign(ED_HEADER, &claims, &EncodingKey::from_ed_der(ED), Algorithm::EdDSA);
    assert_eq!(verify_public(&ed).unwrap(), wanted);
}

#[test]
fn claims_may_be_written_in_several_ways() {
    let rows = [
        ("a fraction of a second", "exp", "1700000300.5"),
        ("an exponent", "exp", "1.7000003e9"),
        ("an issue time within the leeway", "iat", "1700000030"),
        ("no start", "nbf", ""),
        ("a start within the leeway", "nbf", "1700000030"),
        ("a list with the audience", "aud", r#"["other","countersign"]"#),
        ("no token id", "jti", ""),
        ("no permissions", "permissions", ""),
        ("an empty list of permissions", "permissions", "[]"),
        ("a subject of 128 characters", "sub", &format!("\"{}\"", "é".repeat(128))),
        ("a claim that is not known", "scope", r#"{"a":[1,null]}"#),
    ];
    for (what, claim, text) in rows {
        let verified = verify_hs(&sign_hs(HS_HEADER, &claims_with(claim, text)));
        assert!(verified.is_ok(), "{what}: {verified:?}");
    }
    for header in [r#"{"alg":"HS256"}"#, r#"{"typ":"at+JWT","alg":"HS256","kid":"any"}"#] {
        assert!(verify_hs(&sign_hs(header, &claims().to_string())).is_ok(), "{header}");
    }
}

#[test]
fn a_token_is_good_until_its_expiry_and_the_leeway() {
    for (expires, verified) in [(NOW - 29, Ok(())), (NOW - 30, Err(TokenFault::Expired))] {
        let mut claims = claims();
        claims["iat"] = (NOW - 600).into();
        claims["exp"] = expires.into();
        assert_eq!(verify_hs(&sign_hs(HS_HEADER, &claims.to_string())).map(|_| ()), verified);
    }
}

#[test]
fn a_token_says_when_its_person_signed_in_or_it_is_not_known() {
    let rows = [
        ("", None),
        ("0", Some(0)),
        ("1699990000", Some(1_699_990_000_000_000)),
        ("1699990000.25", Some(1_699_990_000_250_000)),
        ("1700000030", Some(1_700_000_030_000_000)),
        (r#""2023-11-14T19:26:40Z""#, Some(1_699_990_000_000_000)),
        (r#""2023-11-14T21:26:40.25+02:00""#, Some(1_699_990_000_250_000)),
        // What can't be read grants nothing: the sign-in counts as of unknown age.
        (r#""1699990000""#, None),
        (r#""yesterday""#, None),
        ("null", None),
        ("-1", None),
        ("1e12", None),
        ("[1699990000]", None),
    ];
    for (text, micros) in rows {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("auth_time", text))).unwrap();
        assert_eq!(claims.signed_in_at.map(|at| at.timestamp_micros()), micros, "{text}");
    }
}

#[test]
fn a_sign_in_that_is_still_to_come_counts_as_none() {
    for text in ["1700000031", r#""2023-11-14T22:13:51Z""#, r#""2023-11-15T00:13:51+02:00""#] {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("auth_time", text))).unwrap();
        assert_eq!(claims.signed_in_at, None, "{text}");
    }
    let just = verify_hs(&sign_hs(HS_HEADER, &claims_with("auth_time", "1700000030"))).unwrap();
    assert!(just.signed_in_at.is_some(), "the clocks may differ by the leeway");
}

#[test]
fn groups_are_the_texts_of_the_claim_whatever_else_is_in_it() {
    let long = "g".repeat(20_000);
    let rows = [
        ("", vec![], false),
        ("null", vec![], false),
        ("[]", vec![], false),
        (r#""Finance""#, vec!["Finance"], false),
        (r#"["Finance","Risk"]"#, vec!["Finance", "Risk"], false),
        (&format!("[\"{long}\",\"Risk\"]"), vec![&long, "Risk"], false),
        (r#"["Finance",7,null,{"name":"Risk"},["Risk"]]"#, vec!["Finance"], true),
        (r#"["Finance",null]"#, vec!["Finance"], true),
        ("7", vec![], true),
        (r#"{"Finance":true}"#, vec![], true),
    ];
    for (text, groups, has_unread) in rows {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("groups", text))).unwrap();
        assert_eq!(
            (claims.groups, claims.has_unread_groups),
            (groups.into_iter().map(str::to_owned).collect(), has_unread),
            "{text}"
        );
    }
    // The provider says that the groups are to be asked for elsewhere.
    let rows = [(r#"{"groups":"src1"}"#, true), (r#"{"roles":"src1"}"#, false), ("7", false)];
    for (text, has_unread) in rows {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("_claim_names", text))).unwrap();
        assert_eq!(claims.has_unread_groups, has_unread, "{text}");
    }
}

#[test]
fn one_permission_may_be_one_text() {
    let rows = [
        (r#""CanMakeRequest""#, vec![Permission::Make]),
        (r#""CanAuditRequest""#, vec![Permission::Audit]),
        // One text is one name.
        (r#""CanMakeRequest CanCheckRequest""#, vec![]),
        (r#""CanMakeRequest,CanCheckRequest""#, vec![]),
    ];
    for (text, permissions) in rows {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("permissions", text))).unwrap();
        assert_eq!(claims.permissions, permissions, "{text}");
    }
}

#[test]
fn what_only_the_trail_shows_is_left_out_or_cut_where_it_can_not_be_kept() {
    for text in ["7", "null", r#""a\u200bb""#, r#""""#] {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("jti", text))).unwrap();
        assert_eq!(claims.token_id, None, "{text}");
    }
    let long = format!("\"{}\"", "é".repeat(5_000));
    let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("userName", &long))).unwrap();
    assert_eq!(claims.person.user_name, "é".repeat(1_024));
}

#[test]
fn an_id_with_characters_that_nobody_sees_is_refused_under_its_claims_name() {
    for c in ["\\u200b", "\\u202e", "\\ufeff", "\\u2066", "\\ue000", "\\u0378", "\\u00ad", "\\ufe0f"] {
        for (claim, text) in [
            ("sub", format!("\"u-alice{c}\"")),
            ("userId", format!("\"{c}1\"")),
            ("userName", format!("\"A{c}l\"")),
        ] {
            let verified = verify_hs(&sign_hs(HS_HEADER, &claims_with(claim, &text)));
            assert_eq!(verified, Err(TokenFault::Claim(claim)), "{text}");
        }
        let orgs = format!("[\"100\",\"1{c}\"]");
        let verified = verify_hs(&sign_hs(HS_HEADER, &claims_with("orgId", &orgs)));
        assert_eq!(verified, Err(TokenFault::Claim("orgId")), "{orgs}");
    }
}

#[test]
fn only_a_token_of_this_issuer_and_service_is_told_what_is_wrong_with_it() {
    let mut config = auth_with_secret();
    config.claims.user_id = "employee".into();
    let verifier = Verifier::new(&config).unwrap();
    let mut faulty = claims();
    faulty["employee"] = "4711\u{200b}".into();
    let said = |claims: &Value| {
        let fault = verifier.verify(&sign_hs(HS_HEADER, &claims.to_string()), now()).unwrap_err();
        verifier.sentence(fault)
    };
    let sentence = said(&faulty);
    assert!(
        sentence.contains("Its claim employee is not usable: expected is a text of 1 to 128"),
        "{sentence}"
    );
    faulty["employee"] = "4711".into();
    faulty["permissions"] = 7.into();
    assert!(
        said(&faulty).contains("Its claim permissions is not usable: expected is a text or a list of texts")
    );
    faulty["permissions"] = json!([]);
    faulty["exp"] = (NOW - 60).into();
    assert!(said(&faulty).contains("exp"));
    // The same faults in the tokens of others.
    for (name, value) in [("iss", "https://evil.test/"), ("aud", "another")] {
        let mut others = faulty.clone();
        others[name] = value.into();
        assert_eq!(said(&others), TokenFault::Issuer.to_string());
    }
    let forged = sign(HS_HEADER, &faulty.to_string(), &EncodingKey::from_secret(&[7; 40]), Algorithm::HS256);
    let fault = verifier.verify(&forged, now()).unwrap_err();
    assert_eq!(verifier.sentence(fault), TokenFault::Signature.to_string());
}

#[test]
fn an_org_is_a_text_an_integer_or_a_list() {
    let rows = [
        ("100", vec!["100"]),
        (r#""100""#, vec!["100"]),
        (r#"[100,"abc",12345678901234567890123]"#, vec!["100", "abc", "12345678901234567890123"]),
    ];
    for (text, orgs) in rows {
        let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("orgId", text))).unwrap();
        assert_eq!(claims.orgs.iter().map(OrgId::as_str).collect::<Vec<_>>(), orgs);
    }
}

#[test]
fn the_subject_stands_in_for_user_id_and_user_name() {
    let by_id = verify_hs(&sign_hs(HS_HEADER, &claims_with("userId", ""))).unwrap();
    assert_eq!(by_id.person.user_id, "u-alice");
    let by_name = verify_hs(&sign_hs(HS_HEADER, &claims_with("userName", ""))).unwrap();
    assert_eq!(by_name.person.user_name, "u-alice");
}

#[test]
fn claim_names_are_configuration() {
    let mut config = auth_with_secret();
    config.claims.sub = "email".into();
    config.claims.org_id = "tenant".into();
    let mut claims = claims();
    claims["email"] = "bob@example.com".into();
    claims["tenant"] = 7.into();
    let token = sign_hs(HS_HEADER, &claims.to_string());
    let verified = Verifier::new(&config).unwrap().verify(&token, now()).unwrap();
    assert_eq!(verified.person.sub, "bob@example.com");
    assert_eq!(verified.orgs, [OrgId::new("7")]);
}

#[test]
fn a_claim_that_is_absent_mistyped_or_wrong_refuses_the_token() {
    use TokenFault::{Audience, Claim, Expired, Issuer, Lifetime, NotYetValid};
    let rows = [
        ("no issuer", "iss", "", Issuer),
        ("another issuer", "iss", r#""https://idp.test""#, Issuer),
        ("an issuer that differs in case", "iss", r#""https://IDP.test/""#, Issuer),
        ("an issuer and a space", "iss", r#""https://idp.test/ ""#, Issuer),
        ("a null issuer", "iss", "null", Issuer),
        ("a list with the issuer", "iss", r#"["https://idp.test/"]"#, Issuer),
        ("no audience", "aud", "", Audience),
        ("another audience", "aud", r#""countersign2""#, Audience),
        ("part of the audience", "aud", r#""counter""#, Audience),
        ("an empty list of audiences", "aud", "[]", Audience),
        ("a list without the audience", "aud", r#"["other"]"#, Audience),
        ("a list of audiences with a number in it", "aud", r#"["countersign",7]"#, Audience),
        ("a number for an audience", "aud", "7", Audience),
        ("a null audience", "aud", "null", Audience),
        ("an object for an audience", "aud", r#"{"countersign":true}"#, Audience),
        ("no expiry", "exp", "", Claim("exp")),
        ("an expiry as text", "exp", r#""1700000300""#, Claim("exp")),
        ("a null expiry", "exp", "null", Claim("exp")),
        ("a boolean expiry", "exp", "true", Claim("exp")),
        ("a negative expiry", "exp", "-1", Claim("exp")),
        ("an expiry after the year 9999", "exp", "253402300800", Claim("exp")),
        ("an expiry over every integer", "exp", "99999999999999999999999", Claim("exp")),
        ("an endless expiry", "exp", "1e999", Claim("exp")),
        ("an expiry just past the leeway", "exp", "1699999970", Expired),
        ("an expiry in 1970", "exp", "0", Expired),
        ("an expiry that is too far off", "exp", "1700003596", Lifetime),
        ("an expiry before the issue time", "exp", "1699999994", Lifetime),
        ("an expiry at the issue time", "exp", "1699999995", Lifetime),
        ("no issue time", "iat", "", Claim("iat")),
        ("an issue time as text", "iat", r#""1699999995""#, Claim("iat")),
        ("an issue time just past the leeway", "iat", "1700000031", NotYetValid("iat")),
        ("an issue time that is too long ago", "iat", "1699996699", Lifetime),
        ("a start as text", "nbf", r#""1699999995""#, Claim("nbf")),
        ("a null start", "nbf", "null", Claim("nbf")),
        ("a boolean start", "nbf", "false", Claim("nbf")),
        ("a start just past the leeway", "nbf", "1700000031", NotYetValid("nbf")),
        ("no subject", "sub", "", Claim("sub")),
        ("an empty subject", "sub", r#""""#, Claim("sub")),
        ("a number for a subject", "sub", "7", Claim("sub")),
        ("a list for a subject", "sub", r#"["u-alice"]"#, Claim("sub")),
        ("a subject of white space", "sub", r#"" ""#, Claim("sub")),
        ("a subject and a space: a second name for one person", "sub", r#""u-alice ""#, Claim("sub")),
        ("a subject with a line break", "sub", r#""u-alice\nx""#, Claim("sub")),
        ("a subject with a NUL", "sub", r#""u-alice\u0000""#, Claim("sub")),
        ("a subject of 129 characters", "sub", &format!("\"{}\"", "a".repeat(129)), Claim("sub")),
        ("no org", "orgId", "", Claim("orgId")),
        ("a null org", "orgId", "null", Claim("orgId")),
        ("an empty org", "orgId", r#""""#, Claim("orgId")),
        ("no org in the list", "orgId", "[]", Claim("orgId")),
        ("an empty org in the list", "orgId", r#"["100",""]"#, Claim("orgId")),
        ("a list in the list of orgs", "orgId", r#"["100",["200"]]"#, Claim("orgId")),
        ("a fraction for an org", "orgId", "1.5", Claim("orgId")),
        ("an org with an exponent", "orgId", "1e2", Claim("orgId")),
        ("an org of minus zero", "orgId", "-0", Claim("orgId")),
        ("an object for an org", "orgId", r#"{"id":"100"}"#, Claim("orgId")),
        ("a null user id", "userId", "null", Claim("userId")),
        ("an empty user id", "userId", r#""""#, Claim("userId")),
        ("a fraction for a user id", "userId", "400001.0", Claim("userId")),
        ("a number for a user name", "userName", "7", Claim("userName")),
        ("permissions as an object", "permissions", r#"{"CanMakeRequest":true}"#, Claim("permissions")),
        ("null permissions", "permissions", "null", Claim("permissions")),
        ("a null among permissions", "permissions", r#"["CanMakeRequest",null]"#, Claim("permissions")),
    ];
    for (what, claim, text, fault) in rows {
        assert_eq!(verify_hs(&sign_hs(HS_HEADER, &claims_with(claim, text))), Err(fault), "{what}");
    }
}

#[test]
fn a_permission_is_compared_exactly() {
    let near = r#"["canMakeRequest"," CanMakeRequest","CanMake","*","CanMakeRequests","СanMakeRequest"]"#;
    let claims = verify_hs(&sign_hs(HS_HEADER, &claims_with("permissions", near))).unwrap();
    assert_eq!(claims.permissions, []);
}

#[test]
fn a_header_that_is_not_ours_refuses_the_token() {
    use TokenFault::{Algorithm, Header, Malformed};
    let rows = [
        ("no algorithm", r#"{"typ":"JWT"}"#, Algorithm),
        ("the algorithm none", r#"{"alg":"none"}"#, Algorithm),
        ("the algorithm none in other letters", r#"{"alg":"nOnE"}"#, Algorithm),
        ("another hash", r#"{"alg":"HS512"}"#, Algorithm),
        ("the algorithm of a public key", r#"{"alg":"RS256"}"#, Algorithm),
        ("an algorithm that differs in case", r#"{"alg":"hs256"}"#, Algorithm),
        ("a null algorithm", r#"{"alg":null}"#, Header),
        ("a list of algorithms", r#"{"alg":["HS256"]}"#, Header),
        ("a number for a key id", r#"{"alg":"HS256","kid":1}"#, Header),
        ("an ID token", r#"{"alg":"HS256","typ":"id+jwt"}"#, Header),
        ("a logout token", r#"{"alg":"HS256","typ":"logout+jwt"}"#, Header),
        ("a null type", r#"{"alg":"HS256","typ":null}"#, Header),
        ("critical members", r#"{"alg":"HS256","crit":["exp"]}"#, Header),
        ("an unencoded payload", r#"{"alg":"HS256","b64":false}"#, Header),
        ("a key in the token", r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#, Header),
        ("an address of keys", r#"{"alg":"HS256","jku":"https://evil.test/"}"#, Header),
        ("an address of certificates", r#"{"alg":"HS256","x5u":"https://evil.test/"}"#, Header),
        ("certificates", r#"{"alg":"HS256","x5c":["MII="]}"#, Header),
        ("compression", r#"{"alg":"HS256","zip":"DEF"}"#, Header),
        ("encryption", r#"{"alg":"HS256","enc":"A256GCM"}"#, Header),
        ("a nested token", r#"{"alg":"HS256","cty":"JWT"}"#, Header),
        ("the algorithm twice", r#"{"alg":"none","alg":"HS256"}"#, Malformed),
        ("a list", r#"["HS256"]"#, Malformed),
        ("a text", r#""HS256""#, Malformed),
        ("text after the object", r#"{"alg":"HS256"}x"#, Malformed),
        ("a byte order mark", "\u{feff}{\"alg\":\"HS256\"}", Malformed),
    ];
    for (what, header, fault) in rows {
        assert_eq!(verify_hs(&sign_hs(header, &claims().to_string())), Err(fault), "{what}");
    }
}

#[test]
fn claims_that_are_no_plain_object_refuse_the_token() {
    let rows = [
        ("null", "null"),
        ("a list", "[]"),
        ("nothing", ""),
        ("half an object", r#"{"sub":"u-alice""#),
        ("a claim twice", &claims().to_string().replace("{\"iss\"", "{\"sub\":\"u-bob\",\"iss\"")),
        ("a permission list twice", &claims().to_string().replace("{\"iss\"", "{\"permissions\":[],\"iss\"")),
    ];
    for (what, claims) in rows {
        assert_eq!(verify_hs(&sign_hs(HS_HEADER, claims)), Err(TokenFault::Malformed), "{what}");
    }
}

#[test]
fn a_text_that_is_no_compact_token_is_refused() {
    let good = sign_hs(HS_HEADER, &claims().to_string());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let rows = [
        ("nothing", String::new()),
        ("a word", "token".into()),
        ("two segments", signed.into()),
        ("no signature", format!("{signed}.")),
        ("no header", format!(".{payload}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("four segments", format!("{good}.{signature}")),
        ("padding", format!("{good}=")),
        ("a space before it", format!(" {good}")),
        ("a line break after it", format!("{good}\n")),
        ("a space in a segment", format!("{header}. {payload}.{signature}")),
        ("a percent escape", good.replacen('.', "%2E", 1)),
        ("a scheme before it", format!("Bearer {good}")),
        ("letters of plain base64", format!("{signed}.{}+", &signature[1..])),
        ("bits after the last byte", format!("{signed}.{}", with_spare_bits(signature))),
    ];
    for (what, token) in rows {
        assert_eq!(verify_hs(&token), Err(TokenFault::Malformed), "{what}");
    }
    let long = sign_hs(HS_HEADER, &claims_with("note", &format!("\"{}\"", "x".repeat(49_000))));
    assert!(long.len() > 65_536);
    assert_eq!(verify_hs(&long), Err(TokenFault::TooLong));
}

/// A second spelling of the same bytes: the last letter of 43 has two bits that say nothing.
fn with_spare_bits(signature: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = signature.split_at(signature.len() - 1);
    let value = LETTERS.find(last).unwrap();
    format!("{start}{}", &LETTERS[value + 1..value + 2])
}

#[test]
fn a_signature_that_does_not_hold_refuses_the_token() {
    let claims = claims().to_string();
    let other = EncodingKey::from_secret(b"another-secret-of-more-than-32-bytes");
    let forged = sign(HS_HEADER, &claims, &other, Algorithm::HS256);
    assert_eq!(verify_hs(&forged), Err(TokenFault::Signature), "another secret");
    let good = sign_hs(HS_HEADER, &claims);
    let changed = sign_hs(HS_HEADER, &claims_with("sub", r#""u-eve""#));
    let payload = changed.split('.').nth(1).unwrap();
    let mut segments: Vec<&str> = good.split('.').collect();
    segments[1] = payload;
    assert_eq!(verify_hs(&segments.join(".")), Err(TokenFault::Signature), "changed claims");
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    for header in [ES_HEADER, ED_HEADER] {
        let token = format!("{}.{}.{zeros}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims));
        assert_eq!(verify_public(&token), Err(TokenFault::Signature), "a signature of zeros");
    }
}

#[test]
fn the_algorithm_comes_from_the_key() {
    let claims = claims().to_string();
    let set: Value = serde_json::from_str(&std::fs::read_to_string(JWKS).unwrap()).unwrap();
    let modulus = set["keys"][0]["n"].as_str().unwrap();
    let rsa = EncodingKey::from_rsa_der(RSA);
    let hs_header = r#"{"alg":"HS256","kid":"rs-1"}"#;
    let public_as_secret =
        [modulus.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(modulus).unwrap(), Vec::new()];
    for secret in public_as_secret {
        let token = sign(hs_header, &claims, &EncodingKey::from_secret(&secret), Algorithm::HS256);
        assert_eq!(verify_public(&token), Err(TokenFault::Algorithm), "a public key used as a secret");
        let token = sign(RS_HEADER, &claims, &EncodingKey::from_secret(&secret), Algorithm::HS256);
        assert_eq!(verify_public(&token), Err(TokenFault::Signature), "the same under the key's algorithm");
    }
    for (name, algorithm) in [("RS512", Algorithm::RS512), ("PS256", Algorithm::PS256)] {
        let header = format!(r#"{{"alg":"{name}","kid":"rs-1"}}"#);
        let token = sign(&header, &claims, &rsa, algorithm);
        assert_eq!(verify_public(&token), Err(TokenFault::Algorithm), "{name} with a key for RS256");
    }
    let token =
        sign(r#"{"alg":"ES256","kid":"rs-1"}"#, &claims, &EncodingKey::from_ec_der(EC), Algorithm::ES256);
    assert_eq!(verify_public(&token), Err(TokenFault::Algorithm), "a good signature under another key's id");
}

#[test]
fn with_public_keys_the_key_id_must_name_one() {
    let rows = [
        "",
        r#","kid":"""#,
        r#","kid":"RS-1""#,
        r#","kid":" rs-1""#,
        r#","kid":"../rs-1""#,
        r#","kid":"other""#,
    ];
    for kid in rows {
        let header = format!(r#"{{"alg":"RS256"{kid}}}"#);
        assert_eq!(verify_public(&sign_rs(&header, &claims().to_string())), Err(TokenFault::Key), "{kid}");
    }
}

/// What is wrong with a key set.
fn key_faults(set: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set).unwrap();
    let config = AuthConfig { jwks_file: Some(file.path().to_owned()), ..auth() };
    let error = Verifier::new(&config).expect_err(set);
    error.to_string().replace(&file.path().display().to_string(), "FILE")
}

#[test]
fn keys_that_can_not_be_used_are_refused_at_start() {
    let set: Value = serde_json::from_str(&std::fs::read_to_string(JWKS).unwrap()).unwrap();
    let with = |index: usize, name: &str, value: Value| {
        let mut key = set["keys"][index].clone();
        key[name] = value;
        json!({ "keys": [key] }).to_string()
    };
    let rows = [
        ("", "EOF"),
        ("{}", "must be a list of 1 to 64 keys"),
        (r#"{"keys":[]}"#, "must be a list of 1 to 64 keys"),
        (r#"{"keys":[1]}"#, "key 0: it is no object"),
        (r#"{"keys":[{"kid":"a","kty":"oct","k":"AAAA"}]}"#, "key 0: it holds a secret"),
        (r#"{"keys":[{"kid":"a","kty":"ML-DSA"}]}"#, "key 0: its `kty`"),
        (&with(0, "kid", json!(null)), "key 0: it has no `kid`"),
        (&with(0, "kid", json!("")), "key 0: it has no `kid`"),
        (&with(0, "d", json!("AQAB")), "key 0: it holds a secret or private key"),
        (&with(0, "use", json!("enc")), "key 0: its `use`"),
        (&with(0, "alg", json!("RS512")), "key 0: its `alg`"),
        (&with(0, "key_ops", json!(["sign"])), "key 0: its `key_ops`"),
        (&with(0, "e", json!("AQ")), "key 0: its `n` and `e`"),
        (&with(0, "n", json!("AQAB")), "key 0: its modulus"),
        (&with(0, "n", json!("+/")), "key 0: its `n` is no base64url number"),
        (&with(1, "crv", json!("P-384")), "key 0: its `crv`"),
        (&with(1, "y", json!("AQAB")), "key 0: its `y`"),
        (&with(2, "crv", json!("X25519")), "key 0: its `crv`"),
        (include_str!("../../tests/it/fixtures/keys/jwks-weak-rsa.json"), "key 0: its modulus"),
    ];
    for (text, fault) in rows {
        let verified = key_faults(text);
        assert!(
            verified.starts_with("the keys in FILE can't be used:\n") && verified.contains(fault),
            "{verified}"
        );
    }
}

#[test]
fn every_fault_of_a_key_set_is_told() {
    let set: Value = serde_json::from_str(&std::fs::read_to_string(JWKS).unwrap()).unwrap();
    let keys = &set["keys"];
    let verified = key_faults(&json!({ "keys": [keys[0], keys[0], {"kid": "a"}] }).to_string());
    insta::assert_snapshot!(verified, @r"
    the keys in FILE can't be used:
      key 1: kid `rs-1` is used twice
      key 2: its `kty` is none of RSA, EC and OKP
    ");
}

#[test]
fn nothing_is_verified_without_keys_issuer_and_audience() {
    let error = Verifier::new(&AuthConfig { issuer: None, ..auth_with_secret() }).unwrap_err();
    assert!(matches!(error, VerifierError::Incomplete(_)));
    assert!(Verifier::new(&auth()).is_err());
    let missing = AuthConfig { jwks_file: Some("no/such.json".into()), ..auth() };
    assert!(Verifier::new(&missing).unwrap_err().to_string().contains("no/such.json"));
}

fn holder(orgs: &[&str]) -> Holder {
    Holder {
        user_id: "400001".into(),
        user_name: "alice@example.com".into(),
        orgs: orgs.iter().copied().map(OrgId::new).collect(),
        permissions: vec![Permission::Make, Permission::Audit],
        groups: Vec::new(),
    }
}

#[test]
fn a_minted_token_is_accepted_under_the_same_configuration() {
    let mut config = auth_with_secret();
    config.claims.org_id = "tenants".into();
    for orgs in [&["100"][..], &["100", "200"]] {
        let holder = holder(orgs);
        let token = mint(&config, &holder, None, now()).unwrap();
        let claims = Verifier::new(&config).unwrap().verify(&token, now()).unwrap();
        assert_eq!(claims.orgs, holder.orgs);
        assert_eq!(claims.permissions, holder.permissions);
        assert_eq!(claims.person.user_id, "400001");
        assert_eq!(claims.person.sub, "400001");
        assert_eq!(claims.person.user_name, "alice@example.com");
        assert!(claims.token_id.is_some_and(|id| uuid::Uuid::try_parse(&id).is_ok()));
    }
}

#[test]
fn a_token_is_not_minted_for_too_long_or_without_a_secret() {
    let holder = holder(&["100"]);
    let config = auth_with_secret();
    for ttl in [0, 3601] {
        assert!(matches!(mint(&config, &holder, Some(ttl), now()), Err(MintError::Lifetime { max: 3600 })));
    }
    assert!(matches!(mint(&auth_with_public_keys(), &holder, None, now()), Err(MintError::NoSecret)));
    assert!(matches!(mint(&auth(), &holder, None, now()), Err(MintError::Incomplete(_))));
}

#[test]
fn a_time_that_has_not_come_is_named_with_what_was_expected() {
    let verifier = Verifier::new(&auth_with_secret()).unwrap();
    for claim in ["iat", "nbf"] {
        let sentence = verifier.sentence(TokenFault::NotYetValid(claim));
        assert!(sentence.contains(&format!("Its claim {claim} is in the future: expected is")), "{sentence}");
    }
}

#[test]
fn the_client_sees_one_text_for_every_fault() {
    assert_eq!(TokenFault::Signature.to_string(), TokenFault::Claim("sub").to_string());
    assert_ne!(TokenFault::Signature.kind(), TokenFault::Claim("sub").kind());
}

mod id_tokens {
    use super::id_token::{Expected, IdTokens, ProviderKeys};
    use super::*;

    const NONCE: &str = "n-0S6_WzA2Mj";

    fn keys() -> ProviderKeys {
        ProviderKeys::read(&std::fs::read(JWKS).unwrap(), "https://idp.test/jwks").unwrap()
    }

    fn id_claims() -> Value {
        let mut claims = claims();
        claims["nonce"] = NONCE.into();
        claims["auth_time"] = (NOW - 60).into();
        claims
    }

    fn read_with(claims: &Value, since: Option<i64>) -> Result<Claims, TokenFault> {
        let expected =
            Expected { nonce: NONCE, proved_since: since.map(|at| DateTime::from_timestamp(at, 0).unwrap()) };
        let tokens = IdTokens::new(&auth(), "https://idp.test/", "countersign");
        tokens.read(&keys(), &sign_rs(RS_HEADER, &claims.to_string()), expected, now())
    }

    #[test]
    fn a_good_id_token_says_who_signed_in_and_when() {
        let proof = read_with(&id_claims(), None).unwrap();
        assert_eq!(proof.person.sub, "u-alice");
        assert_eq!(proof.signed_in_at, DateTime::from_timestamp(NOW - 60, 0));
        let mut silent = id_claims();
        silent.as_object_mut().unwrap().remove("auth_time");
        assert_eq!(read_with(&silent, None).unwrap().signed_in_at, None);
        // It may be good for longer than a token of the API.
        let mut long = id_claims();
        long["exp"] = (NOW + 80_000).into();
        assert!(read_with(&long, None).is_ok());
    }

    #[test]
    fn an_id_token_that_does_not_answer_this_sign_in_is_refused() {
        use TokenFault::{Audience, AuthorizedParty, Claim, Expired, Issuer, Nonce, NotYetValid};
        let rows = [
            ("no nonce", "nonce", Value::Null, Nonce),
            ("another nonce", "nonce", "n-0S6_WzA2MJ".into(), Nonce),
            ("another issuer", "iss", "https://evil.test/".into(), Issuer),
            ("another client's", "aud", "another".into(), Audience),
            ("several audiences without azp", "aud", json!(["countersign", "another"]), AuthorizedParty),
            ("another party", "azp", "another".into(), AuthorizedParty),
            ("a party that is no text", "azp", 1.into(), AuthorizedParty),
            ("made long ago", "iat", (NOW - 631).into(), Expired),
            ("over", "exp", (NOW - 30).into(), Expired),
            ("made in the future", "iat", (NOW + 31).into(), NotYetValid("iat")),
            ("not good yet", "nbf", (NOW + 31).into(), NotYetValid("nbf")),
            ("with a subject that is not seen whole", "sub", "u-al\u{200b}ice".into(), Claim("sub")),
            ("no org", "orgId", Value::Null, Claim("orgId")),
        ];
        for (what, name, value, fault) in rows {
            let mut claims = id_claims();
            claims["nbf"] = (NOW - 700).into();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value;
            }
            if name == "exp" {
                claims["iat"] = (NOW - 300).into();
            }
            assert_eq!(read_with(&claims, None).map(drop), Err(fault), "{what}");
        }
        let mut shared = id_claims();
        shared["aud"] = json!(["countersign", "another"]);
        shared["azp"] = "countersign".into();
        assert!(read_with(&shared, None).is_ok());
    }

    #[test]
    fn a_fresh_sign_in_needs_a_fresh_proof() {
        assert!(read_with(&id_claims(), Some(NOW - 60)).is_ok());
        assert!(read_with(&id_claims(), Some(NOW - 30)).is_ok(), "the clocks may differ by the leeway");
        assert_eq!(read_with(&id_claims(), Some(NOW - 29)).map(drop), Err(TokenFault::NotProvedAnew));
        let mut silent = id_claims();
        silent.as_object_mut().unwrap().remove("auth_time");
        assert_eq!(read_with(&silent, Some(NOW - 60)).map(drop), Err(TokenFault::NotProvedAnew));
        for unusable in [json!("yesterday"), json!([NOW]), Value::Null, json!(NOW + 31)] {
            let mut claims = id_claims();
            claims["auth_time"] = unusable.clone();
            assert_eq!(read_with(&claims, None).unwrap().signed_in_at, None, "{unusable}");
            assert_eq!(
                read_with(&claims, Some(NOW - 60)).map(drop),
                Err(TokenFault::NotProvedAnew),
                "{unusable}"
            );
        }
    }

    #[test]
    fn what_grants_nothing_by_itself_is_read_in_any_form() {
        let long = "g".repeat(129);
        for (groups, found) in [
            (json!("Risk"), vec!["Risk"]),
            (json!(["Risk", 7, &long]), vec!["Risk", &long]),
            (json!(7), vec![]),
        ] {
            let mut claims = id_claims();
            claims["groups"] = groups.clone();
            claims["auth_time"] = "2023-11-14T22:12:20Z".into();
            let proof = read_with(&claims, Some(NOW - 60)).unwrap();
            assert_eq!(proof.groups, found, "{groups}");
            assert_eq!(proof.signed_in_at, DateTime::from_timestamp(NOW - 60, 0));
        }
    }

    #[test]
    fn the_algorithm_and_the_key_are_the_providers() {
        let tokens = IdTokens::new(&auth(), "https://idp.test/", "countersign");
        let expected = Expected { nonce: NONCE, proved_since: None };
        let verified = |token: &str| tokens.read(&keys(), token, expected, now()).map(drop);
        assert_eq!(verified(&sign_hs(HS_HEADER, &id_claims().to_string())), Err(TokenFault::Key));
        let other = r#"{"alg":"RS256","kid":"rs-2"}"#;
        assert_eq!(verified(&sign_rs(other, &id_claims().to_string())), Err(TokenFault::Key));
        let none = r#"{"alg":"none","kid":"rs-1"}"#;
        assert_eq!(verified(&sign_rs(none, &id_claims().to_string())), Err(TokenFault::Algorithm));
    }

    #[test]
    fn keys_for_other_purposes_are_left_out() {
        let mut set: Value = serde_json::from_slice(&std::fs::read(JWKS).unwrap()).unwrap();
        let all = set["keys"].as_array().unwrap().len();
        let mut encrypting = set["keys"][0].clone();
        encrypting["kid"] = "enc".into();
        encrypting["use"] = "enc".into();
        set["keys"].as_array_mut().unwrap().push(encrypting.clone());
        let read = |set: &Value| ProviderKeys::read(set.to_string().as_bytes(), "https://idp.test/jwks");
        assert_eq!(read(&set).unwrap().count(), all);
        assert!(read(&json!({ "keys": [encrypting] })).is_err());
        assert!(read(&json!({ "keys": [] })).is_err());
    }
}
