//! Amazon SNS, which carries CloudWatch's alarms: its envelope, the text that it signs, and which
//! addresses may be fetched because a message names them (WIRE-FORMATS.md §1.13).

use serde_json::Value;
use url::Url;

use crate::warning::Warnings;
use crate::{FormatError, read};

/// Which hash a message is signed over, with RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
}

/// What is needed to prove that a message is Amazon's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The text that was signed.
    pub text: String,
    /// Base64.
    pub signature: String,
    pub hash: Hash,
    /// Where the certificate is; only ever an address of SNS.
    pub certificate: Url,
}

/// A topic's wish to have our subscription confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// To be fetched, once [`Confirmation::signed`] has been found good; only ever an address of SNS.
    pub address: Url,
    pub topic: String,
    pub signed: Signed,
}

/// Fields signed of a notification, and of the two kinds of confirmation, in the order of signing.
const NOTIFICATION: [&str; 6] = [
    "Message",
    "MessageId",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
];
const CONFIRMATION: [&str; 7] = [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
];

/// An address that SNS itself serves: https, no other port, and `sns.<region>.amazonaws.com` or its
/// Chinese sister. Anything else could make us fetch from our own network.
pub fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let host = url.host_str()?;
    let region = host
        .strip_prefix("sns.")?
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_prefix("sns.")?.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (plain && is_region).then_some(url)
}

/// What proves a message, or why nothing can.
///
/// # Errors
/// A sentence for the integration's owner.
pub fn signed(message: &Value) -> Result<Signed, String> {
    let kind = read::text(message, "Type").unwrap_or_default();
    let names: &[&str] = if kind == "Notification" {
        &NOTIFICATION
    } else {
        &CONFIRMATION
    };
    let mut text = String::new();
    for name in names {
        // As it stands: a blank subject is signed, an absent one is not.
        match message.get(*name).and_then(Value::as_str) {
            Some(value) => {
                for piece in [name, "\n", value, "\n"] {
                    text.push_str(piece);
                }
            }
            None if *name == "Subject" => {}
            None => return Err(format!("The message of SNS has no `{name}`.")),
        }
    }
    let hash = match read::text(message, "SignatureVersion").as_deref() {
        Some("1") => Hash::Sha1,
        Some("2") => Hash::Sha256,
        _ => return Err("The message of SNS has no known `SignatureVersion`.".to_owned()),
    };
    let signature =
        read::text(message, "Signature").ok_or("The message of SNS has no `Signature`.")?;
    let certificate = read::first(message, &["SigningCertURL", "SigningCertUrl"])
        .and_then(|text| address(&text))
        .filter(|url| url.path().ends_with(".pem"))
        .ok_or("The message of SNS names a certificate that is not at SNS.")?;
    Ok(Signed {
        text,
        signature,
        hash,
        certificate,
    })
}

/// What proves a notification. SNS signs every one; what was passed on without its signature is
/// told and taken all the same, since whoever sends it has the integration's key.
///
/// # Errors
/// [`FormatError::Forged`] when there is a signature that cannot be one of SNS.
pub(crate) fn of_notification(
    message: &Value,
    warnings: &mut Warnings,
) -> Result<Option<Signed>, FormatError> {
    if read::text(message, "Signature").is_none() {
        warnings.note("the notification carries no signature of SNS");
        return Ok(None);
    }
    signed(message)
        .map(Some)
        .map_err(|reason| FormatError::Forged { reason })
}

/// What a `SubscriptionConfirmation` asks for.
///
/// # Errors
/// A sentence for the integration's owner, when it is not to be trusted.
pub(crate) fn confirmation(message: &Value) -> Result<Confirmation, String> {
    let signed = signed(message)?;
    let address = read::text(message, "SubscribeURL")
        .and_then(|text| address(&text))
        .ok_or("The message of SNS names an address to confirm that is not at SNS.")?;
    Ok(Confirmation {
        address,
        topic: read::text(message, "TopicArn").unwrap_or_default(),
        signed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_addresses_of_sns_are_fetched() {
        for good in [
            "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription",
            "https://SNS.eu-central-1.AMAZONAWS.com/",
        ] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "http://sns.us-west-2.amazonaws.com/x.pem",
            "https://sns.us-west-2.amazonaws.com:8443/",
            "https://sns.us-west-2.amazonaws.com.evil.example/",
            "https://evil.example/sns.us-west-2.amazonaws.com",
            "https://sns.us-west-2.amazonaws.com@evil.example/",
            "https://x@sns.us-west-2.amazonaws.com/",
            "https://sns.evil.example/.amazonaws.com",
            "https://sns.a.b.amazonaws.com/",
            "https://s3.us-west-2.amazonaws.com/sns.pem",
            "https://sns..amazonaws.com/",
            "https://169.254.169.254/",
            "sns.us-west-2.amazonaws.com",
            "",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_text_that_is_signed() {
        let mut message = json!({
            "Type": "Notification", "MessageId": "id", "TopicArn": "arn", "Subject": "s",
            "Message": "m\n", "Timestamp": "t", "SignatureVersion": "1", "Signature": "c2ln",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem",
        });
        let found = signed(&message).unwrap();
        assert_eq!(found.hash, Hash::Sha1);
        assert_eq!(
            found.text,
            "Message\nm\n\nMessageId\nid\nSubject\ns\nTimestamp\nt\nTopicArn\narn\nType\nNotification\n"
        );
        message.as_object_mut().unwrap().remove("Subject");
        assert!(!signed(&message).unwrap().text.contains("Subject"));
        message["SigningCertURL"] = json!("https://evil.example/a.pem");
        assert!(signed(&message).is_err());

        message["Type"] = json!("SubscriptionConfirmation");
        message["Token"] = json!("tok");
        message["SubscribeURL"] = json!("https://sns.eu-west-1.amazonaws.com/?Token=tok");
        message["SigningCertURL"] = json!("https://sns.eu-west-1.amazonaws.com/a.pem");
        message["SignatureVersion"] = json!("2");
        let asked = confirmation(&message).unwrap();
        assert_eq!(
            asked.signed.text,
            "Message\nm\n\nMessageId\nid\nSubscribeURL\nhttps://sns.eu-west-1.amazonaws.com/?Token=tok\nTimestamp\nt\nToken\ntok\nTopicArn\narn\nType\nSubscriptionConfirmation\n"
        );
        message["SubscribeURL"] = json!("http://127.0.0.1/");
        assert!(confirmation(&message).is_err());
    }
}
