//! Client certificates, against a server that demands one.

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;

use super::*;

/// A client certificate for `name`, and the authority that issued it.
struct ClientPki {
    files: ClientCertificate,
    roots: RootCertStore,
    folder: tempfile::TempDir,
}

impl ClientPki {
    fn new() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(ca_certificate.der().clone()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = ClientCertificate {
            certificates: folder.path().join("client.pem"),
            key: folder.path().join("client-key.pem"),
        };
        let pki = Self { files, roots, folder };
        pki.issue(&Issuer::new(ca, ca_key));
        pki
    }

    /// Writes a new certificate with a new key.
    fn issue(&self, issuer: &Issuer<'_, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, issuer).unwrap();
        std::fs::write(&self.files.certificates, certificate.pem()).unwrap();
        std::fs::write(&self.files.key, key.serialize_pem()).unwrap();
    }

    /// The settings of a server that demands a certificate of this authority.
    fn demanded_by(&self, name: &str) -> (Pki, Arc<ServerConfig>) {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots.clone()), Arc::clone(&provider));
        let pki = Pki::new(name);
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_cert_resolver(Arc::clone(&pki.server.cert_resolver));
        (pki, Arc::new(server))
    }
}

/// Calls a server with these settings; what arrived, if the handshake was good.
async fn over_mutual_tls(
    (pki, server_config): (&Pki, &Arc<ServerConfig>),
    files: Option<&ClientCertificate>,
) -> (Exchange, Option<String>) {
    let acceptor = TlsAcceptor::from(Arc::clone(server_config));
    let (port, served) = server(move |stream| async move {
        let stream = acceptor.accept(stream).await.ok()?;
        Some(answer_with(stream, OK.as_bytes()).await)
    })
    .await;
    let origin = format!("https://localhost:{port}");
    let kind = files.map(|files| CredentialKind::Certificate(files.clone()));
    let credential =
        |kind| Credential { name: "swift".to_owned(), targets: vec![Origin::parse(&origin).unwrap()], kind };
    let credentials: Vec<Credential> = kind.map(credential).into_iter().collect();
    let call = if credentials.is_empty() { post(format!("{origin}/x")) } else { call_with("swift", &origin) };
    let list = vec![Target { ca_file: Some(pki.ca_file()), ..target(Scheme::Https, "localhost", port) }];
    let egress = Egress::new(Arc::new(Targets { list, credentials }), LIMITS).unwrap();
    (send(&egress, &call).await.unwrap(), served.await.unwrap())
}

#[tokio::test]
async fn a_target_that_demands_a_client_certificate_gets_it() {
    let client = ClientPki::new();
    let (pki, demanding) = client.demanded_by("localhost");
    let (exchange, request) = over_mutual_tls((&pki, &demanding), Some(&client.files)).await;
    assert_eq!(answered(exchange).status, 200);
    let request = request.unwrap();
    assert!(!request.contains(CREDENTIAL_HEADER) && !request.contains("swift"), "{request}");
    let (exchange, request) = over_mutual_tls((&pki, &demanding), None).await;
    assert!(request.is_none() && !matches!(exchange, Exchange::Answered(_)), "{exchange:?}");
    let other = ClientPki::new();
    let (exchange, request) = over_mutual_tls((&pki, &demanding), Some(&other.files)).await;
    assert!(request.is_none() && !matches!(exchange, Exchange::Answered(_)), "{exchange:?}");
}

#[tokio::test]
async fn new_files_of_a_client_certificate_are_used_from_the_next_call_on() {
    let (first, second) = (ClientPki::new(), ClientPki::new());
    let (pki, demanding) = second.demanded_by("localhost");
    let acceptor = TlsAcceptor::from(demanding);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                answer_with(stream, OK.as_bytes()).await;
            }
        }
    });
    let origin = format!("https://localhost:{port}");
    let kind = CredentialKind::Certificate(first.files.clone());
    let targets = vec![Origin::parse(&origin).unwrap()];
    let credentials = vec![Credential { name: "swift".to_owned(), targets, kind }];
    let list = vec![Target { ca_file: Some(pki.ca_file()), ..target(Scheme::Https, "localhost", port) }];
    let egress = Egress::new(Arc::new(Targets { list, credentials }), LIMITS).unwrap();
    let call = call_with("swift", &origin);
    assert!(!matches!(send(&egress, &call).await.unwrap(), Exchange::Answered(_)));
    // A certificate and a key that do not belong together, as in the middle of a change.
    std::fs::copy(&second.files.certificates, &first.files.certificates).unwrap();
    without_value(send(&egress, &call).await);
    std::fs::copy(&second.files.key, &first.files.key).unwrap();
    assert_eq!(answered(send(&egress, &call).await.unwrap()).status, 200);
    serving.abort();
}

#[test]
fn the_files_of_a_client_certificate_are_tried_at_the_start() {
    let client = ClientPki::new();
    std::fs::write(&client.files.key, "hunter2").unwrap();
    let kind = CredentialKind::Certificate(client.files.clone());
    let origin = Origin::parse("https://a.example").unwrap();
    let credentials = vec![Credential { name: "swift".to_owned(), targets: vec![origin], kind }];
    let built = Egress::new(Arc::new(Targets { list: Vec::new(), credentials }), LIMITS);
    let Err(error @ EgressError::Credential { .. }) = built.map(drop) else { panic!("it was built") };
    let told = error.to_string();
    assert!(told.contains("swift") && told.contains("client-key.pem") && !told.contains("hunter2"), "{told}");
    drop(client.folder);
}
