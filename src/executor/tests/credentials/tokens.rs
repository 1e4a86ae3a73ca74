//! Tokens of OAuth clients: got once, renewed ahead of their end, and never said.

use super::*;

#[tokio::test]
async fn a_token_is_got_once_for_many_calls() {
    let (bank, endpoint) = (Listening::always(OK).await, Listening::giving_tokens(3600.0).await);
    let (_folder, file) = secret_file("s: %\n");
    let (egress, call) = egress(&bank, oauth(&endpoint, &file));
    let calls = (0..5).map(|_| send(&egress, &call));
    for sent in futures_util::future::join_all(calls).await {
        assert_eq!(answered(sent.unwrap()).status, 200);
    }
    assert_eq!(bank.values("authorization"), ["Bearer t0"; 5]);
    let [asked] = &endpoint.arrived()[..] else { panic!("not one token: {:?}", endpoint.arrived()) };
    assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
    // counter%3Asign:s%3A%20%25
    assert!(asked.contains("authorization: Basic Y291bnRlciUzQXNpZ246cyUzQSUyMCUyNQ==\r\n"), "{asked}");
    assert!(asked.ends_with("grant_type=client_credentials&scope=pay%20out"), "{asked}");
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_and_after_a_401() {
    let (bank, endpoint) = (Listening::always(OK).await, Listening::giving_tokens(1.0).await);
    let (_folder, file) = secret_file("s");
    let (short, call) = egress(&bank, oauth(&endpoint, &file));
    send(&short, &call).await.unwrap();
    // Four fifths of its second.
    tokio::time::sleep(Duration::from_millis(810)).await;
    send(&short, &call).await.unwrap();
    assert_eq!(bank.values("authorization"), ["Bearer t0", "Bearer t1"]);

    let endpoint = Listening::giving_tokens(3600.0).await;
    let bank = Listening::answering(|_, request| {
        if request.contains("Bearer t0") { UNAUTHORIZED.to_owned() } else { OK.to_owned() }
    })
    .await;
    let (egress, call) = egress(&bank, oauth(&endpoint, &file));
    for status in [401, 200, 200] {
        assert_eq!(answered(send(&egress, &call).await.unwrap()).status, status);
    }
    assert_eq!(bank.values("authorization"), ["Bearer t0", "Bearer t1", "Bearer t1"]);
}

#[tokio::test]
async fn a_token_endpoint_that_gives_none_means_that_nothing_was_sent() {
    let bank = Listening::always(OK).await;
    let (_folder, file) = secret_file("hunter2");
    for (answer, why) in [
        (UNAUTHORIZED.to_owned(), "the token endpoint answered 401"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "the token endpoint answered 302",
        ),
        (
            OK.to_owned(),
            "the answer of the token endpoint can't be used: it has no access_token, or one that is too long",
        ),
        (
            format!("HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n{}", " ".repeat(70_000)),
            "the token endpoint answered more than 65536 bytes",
        ),
    ] {
        let endpoint = Listening::answering(move |_, _| answer.clone()).await;
        let (egress, call) = egress(&bank, oauth(&endpoint, &file));
        let reason = without_value(send(&egress, &call).await);
        assert_eq!(reason, format!("the credential core-banking got no token: {why}"));
    }
    assert!(bank.arrived().is_empty());
}

#[tokio::test]
async fn whoever_waits_for_a_token_gets_the_one_answer_also_if_there_is_none() {
    let (bank, endpoint) = (Listening::always(OK).await, Listening::always(UNAUTHORIZED).await);
    let (_folder, file) = secret_file("s");
    let (egress, call) = egress(&bank, oauth(&endpoint, &file));
    for sent in futures_util::future::join_all((0..5).map(|_| send(&egress, &call))).await {
        without_value(sent);
    }
    assert_eq!(endpoint.arrived().len(), 1);
    without_value(send(&egress, &call).await);
    assert_eq!(endpoint.arrived().len(), 2);
}

#[tokio::test]
async fn an_old_token_is_used_while_it_is_good_and_there_is_no_new_one() {
    let bank = Listening::always(OK).await;
    let endpoint = Listening::answering(|number, _| match number {
        0 => {
            let body = r#"{"access_token":"t0","expires_in":12}"#;
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        _ => UNAUTHORIZED.to_owned(),
    })
    .await;
    let (_folder, file) = secret_file("s");
    let (egress, call) = egress(&bank, oauth(&endpoint, &file));
    send(&egress, &call).await.unwrap();
    // Four fifths of its time; what is left is ample for three calls.
    tokio::time::sleep(Duration::from_millis(9_610)).await;
    for _ in 0..3 {
        send(&egress, &call).await.unwrap();
    }
    assert_eq!(bank.values("authorization"), ["Bearer t0"; 4]);
    // It is not asked with every call.
    assert_eq!(endpoint.arrived().len(), 2);
}
