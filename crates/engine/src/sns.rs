//! Confirming the subscription of an Amazon SNS topic, which carries CloudWatch's alarms: SNS sends
//! nothing before an address that it names has been fetched (WIRE-FORMATS.md §1.13). Only addresses
//! of SNS are ever asked, and only for a message that SNS has signed. Its notifications are held to
//! their signature, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::calendar::{CalendarClient, FetchError};
use domain::{Span, Timestamp};
use formats::sns::{Confirmation, Hash, Signed};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;

/// Largest certificate and largest answer, in bytes.
const BYTES_MAX: usize = 64 * 1024;
/// A certificate that was fetched is not asked for again for this time; SNS has one for each region
/// and changes them about once a year.
const KEPT_FOR: Span = Span::from_hours(24);
/// After this time one that could not be fetched is asked for again.
const TRIED_AGAIN_AFTER: Span = Span::from_minutes(5);
/// How long a notification waits for a certificate; SNS itself waits 15 s for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most certificates that are kept: there are some 40 regions.
const CERTIFICATES_MAX: usize = 64;

/// What is known of a notification's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Whoever made it is not SNS.
    Forged,
    /// The certificate cannot be had now, for this reason: nobody knows.
    Unknown(String),
}

/// The certificates of SNS that were fetched lately.
#[derive(Debug, Default)]
pub struct Certificates(Mutex<BTreeMap<String, Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    certificate: Result<Arc<[u8]>, String>,
    until: Timestamp,
}

impl Certificates {
    /// Checks the signature of a notification.
    pub async fn verify(
        &self,
        client: &CalendarClient,
        signed: &Signed,
        now: Timestamp,
    ) -> Verdict {
        let address = signed.certificate.as_str();
        let certificate = match self.known(address, now) {
            Some(known) => known,
            None => {
                let fetched =
                    tokio::time::timeout(PATIENCE, client.fetch(address, BYTES_MAX)).await;
                let certificate = match fetched {
                    Ok(Ok(bytes)) => Ok(Arc::from(bytes)),
                    Ok(Err(error)) => Err(error.to_string()),
                    Err(_) => Err("it did not come in time".to_owned()),
                };
                self.keep(address, certificate.clone(), now);
                certificate
            }
        };
        match certificate {
            Ok(certificate) if is_signed(signed, &certificate) => Verdict::Good,
            Ok(_) => Verdict::Forged,
            Err(reason) => Verdict::Unknown(reason),
        }
    }

    fn known(&self, address: &str, now: Timestamp) -> Option<Result<Arc<[u8]>, String>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.get(address)?;
        (now < one.until).then(|| one.certificate.clone())
    }

    fn keep(&self, address: &str, certificate: Result<Arc<[u8]>, String>, now: Timestamp) {
        let until = match certificate {
            Ok(_) => now + KEPT_FOR,
            Err(_) => now + TRIED_AGAIN_AFTER,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, one| now < one.until);
        if kept.len() < CERTIFICATES_MAX {
            kept.insert(address.to_owned(), Kept { certificate, until });
        }
    }
}

/// Why a subscription was not confirmed: a sentence for the integration's owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    #[error(
        "The subscription of the topic was not confirmed: its message is not signed by Amazon SNS."
    )]
    Signature,
    #[error(
        "The subscription of the topic was not confirmed: {0}. Ask for the confirmation again at SNS."
    )]
    Fetch(#[from] FetchError),
}

/// Confirms a subscription.
///
/// # Errors
/// When the message is not signed by SNS, or SNS cannot be reached.
pub async fn confirm(client: &CalendarClient, asked: &Confirmation) -> Result<(), ConfirmError> {
    let certificate = client
        .fetch(asked.signed.certificate.as_str(), BYTES_MAX)
        .await?;
    if !is_signed(&asked.signed, &certificate) {
        return Err(ConfirmError::Signature);
    }
    client.fetch(asked.address.as_str(), BYTES_MAX).await?;
    Ok(())
}

/// Whether the holder of a certificate (PEM) has signed a text. The certificate is good because of
/// where it was fetched: over TLS, from SNS.
fn is_signed(signed: &Signed, certificate: &[u8]) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(certificate) else {
        return false;
    };
    let Ok(parsed) = ParsedCertificate::try_from(&der) else {
        return false;
    };
    let Ok(signature) = STANDARD.decode(&signed.signature) else {
        return false;
    };
    let algorithm = match signed.hash {
        Hash::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(algorithm, parsed.subject_public_key_info())
        .verify(signed.text.as_bytes(), &signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl req -x509 -newkey rsa:2048`, for 100 years; nobody has the key any more.
    const CERTIFICATE: &[u8] = b"\
-----BEGIN CERTIFICATE-----\n\
MIIDDzCCAfegAwIBAgIUXBbu5qUybOsTuUzzzjlPSkJpvcYwDQYJKoZIhvcNAQEL\n\
BQAwFjEUMBIGA1UEAwwLc25zLmV4YW1wbGUwIBcNMjYxMTIxMTAzMzAzWhgPMjEy\n\
NjEwMjgxMDMzMDNaMBYxFDASBgNVBAMMC3Nucy5leGFtcGxlMIIBIjANBgkqhkiG\n\
9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4jz9ZPjr9XU8H6KNXQtc3eY1LH12F4pIn4fM\n\
uj8izhQlOHko9FGvQxIVKkbzB8IAX/gS7OQHQnWw2yuh21+9YXCV/Fg8ZHJNoRYT\n\
bFGj5J8+ay+/lbxJoShvHx26SAjjyrLfEXH6HRKY6NDtg4HS+3fl8dDKcwujR7FO\n\
Qa3IheWbUy7v5hFEr2GzBxTYDo1svdSl4jKM+mmkvrGTBe96a1BD31+21ZuyjNuc\n\
7sbjU5npPz7rSOitMQ+YDFDYaYvjRapWUUxuvGjS9SPq9hSlveg7kFhKs19AKOGY\n\
V0PQiYzDwrbsm9kFx77xenVqPbSdr9iyX88UmgoBPtcXumMl+QIDAQABo1MwUTAd\n\
BgNVHQ4EFgQUN8Gjp2E5qxaSo757DFogeWYYwHEwHwYDVR0jBBgwFoAUN8Gjp2E5\n\
qxaSo757DFogeWYYwHEwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOC\n\
AQEAG2KEihC3Tt+3UZi5dQMeNIrPJOR6uU52Ep2+rnaKh4Z4KLYXf8TXhqz2U4My\n\
JVBLMZ1GPA3nDXxyxU/wefSII/eQ4d5M5nMzliD0Hgua7oQbIbTEfIlomTJSC2uB\n\
MuF+/w+f3YrcCtrBTU0vCQiiVAscFvJXs+IdWlX2WQJXBEllS+Kpa3jiiJvpIyOy\n\
Akqa2AJrlH2xSBOf2k808Fhxb2I8S7pKOFGAy14JyobKRNYBq1uW3sAbuW/kKbun\n\
lXR5B9irb+CZEEUm566b+QES2mr2hyyweTY+oVlSYBe64k57SGGdyqTOuWcAU8K/\n\
+utYRiOhwUsgVVTH+d2gX1kZwA==\n\
-----END CERTIFICATE-----\n\
";
    /// Of `TEXT`, made with `openssl dgst -sha1 -sign` and `-sha256`.
    const SHA1: &str = "HUAlHbFfgJ2H+2h4SAM+fee7dwofY+55LAJezqpLuXtxcyqRMPI7m6Kv3dcTXsvJ49nzWPdjrqdGDnGGmdsEu3XxKpbIW7Xpd0H2KBq2OubjoDH8nc9WymvaqbKbzoyJ+QTXCtST/FXnaIjQ0m6OAo49vtgduPpxwjc9NrsBz40N92rK0RQAtycNvLZf/Md/chijR4+RxMkXs0i0HDIHKbzo3zASsW+TTA/fp1GF95kq80jpQq0cb3/xeEXmJxPqDKdShJhem/83TS2rYNh29e5DT2M3YM2RxI+YzLtb5eCWbg2BGe5zgwSTXYsmbJ3UZZxV4utdjvuDbOmbWqKBYg==";
    const SHA256: &str = "Tte2Kk12gWlzwhsQRwOXH9KODVvZ3Y9fqeuDAgWkcY9DVlMOU6Cfpuvhfy6JwdiP/F1Z/7ImOJASzplr2hajSlnykjZ6h/K+xb6oWb8Bdy3CYWbqV+vXQgRFL5ANRKU0Q83OQhpEGoLOo+GuiQLl4egT7fL9tFaJA+57/UsCGQHQe5RW7B/kpfNBqubyxKy6kExfKWJNKfxMF7lyXHX5QhfHML7P1gPSbjMFIIReop7Ky4bqoAYcbNMvumDMZzRDEkQeALpx1Rq4ia9Vu2u0IbVksGqaFDeNSdhCy7zA0AYShTrhs8+/ZCMEjAitrZKPJg/MweB1fBwjoOueE2SWNg==";
    const TEXT: &str = "Message\nm\nMessageId\nid\n";

    fn signed(text: &str, signature: &str, hash: Hash) -> Signed {
        Signed {
            text: text.to_owned(),
            signature: signature.to_owned(),
            hash,
            certificate: formats::sns::address("https://sns.eu-west-1.amazonaws.com/a.pem")
                .unwrap(),
        }
    }

    #[tokio::test]
    async fn notifications_are_held_to_their_signature() {
        let (known, client) = (Certificates::default(), CalendarClient::default());
        let at = Timestamp::from_seconds;
        let good = signed(TEXT, SHA256, Hash::Sha256);
        let address = good.certificate.as_str();
        known.keep(address, Ok(Arc::from(CERTIFICATE)), at(0));
        let verdict = known.verify(&client, &good, at(1)).await;
        assert_eq!(verdict, Verdict::Good);
        let forged = signed("Message\nother\n", SHA256, Hash::Sha256);
        let verdict = known.verify(&client, &forged, at(1)).await;
        assert_eq!(verdict, Verdict::Forged);
        assert!(known.known(address, at(86_400)).is_none(), "it may change");

        // Where nothing can be asked, nobody is blamed, nor asked at every message.
        let away = Certificates::default();
        away.keep(address, Err("no way there".to_owned()), at(0));
        let verdict = away.verify(&client, &good, at(299)).await;
        assert_eq!(verdict, Verdict::Unknown("no way there".to_owned()));
        assert!(away.known(address, at(300)).is_none(), "it is tried again");
        for number in 0..100 {
            away.keep(
                &format!("https://{number}"),
                Ok(Arc::from(CERTIFICATE)),
                at(400),
            );
        }
        assert_eq!(away.0.lock().unwrap().len(), CERTIFICATES_MAX);
    }

    #[test]
    fn only_what_the_certificates_holder_signed_is_good() {
        assert!(is_signed(&signed(TEXT, SHA1, Hash::Sha1), CERTIFICATE));
        assert!(is_signed(&signed(TEXT, SHA256, Hash::Sha256), CERTIFICATE));
        assert!(!is_signed(&signed(TEXT, SHA1, Hash::Sha256), CERTIFICATE));
        assert!(!is_signed(
            &signed("Message\nn\n", SHA1, Hash::Sha1),
            CERTIFICATE
        ));
        assert!(!is_signed(&signed(TEXT, "AAAA", Hash::Sha1), CERTIFICATE));
        assert!(!is_signed(&signed(TEXT, "%", Hash::Sha1), CERTIFICATE));
        assert!(!is_signed(
            &signed(TEXT, SHA1, Hash::Sha1),
            b"no certificate"
        ));
    }

    #[tokio::test]
    async fn nothing_is_confirmed_without_a_certificate() {
        // Nothing listens at port 1, and only public addresses may be asked by default.
        let asked = Confirmation {
            address: formats::sns::address("https://sns.eu-west-1.amazonaws.com/?Token=t").unwrap(),
            topic: "arn".to_owned(),
            signed: Signed {
                certificate: "http://127.0.0.1:1/a.pem".parse().unwrap(),
                ..signed(TEXT, SHA1, Hash::Sha1)
            },
        };
        let refused = confirm(&CalendarClient::default(), &asked)
            .await
            .unwrap_err();
        assert_eq!(refused, ConfirmError::Fetch(FetchError::Private));
        let unreachable = confirm(&CalendarClient::new(true), &asked)
            .await
            .unwrap_err();
        assert!(matches!(
            unreachable,
            ConfirmError::Fetch(FetchError::Unreachable(_))
        ));
    }
}
