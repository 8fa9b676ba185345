//! Inputs that the interpreter writes for itself.
//!
//! The execution of an item, and one that is redriven, begin in the middle of a machine: their inputs say where. The
//! caller that starts an execution chooses its input, so those inputs carry a proof that only the interpreter, and the
//! server that runs it, can make. Without a proof they are treated like any other input
//! ([ADR 33](../../../docs/adr/0033-what-begins-in-the-middle-is-proven.md)).

use std::fmt::{self, Write as _};

use aws_lc_rs::hmac;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The environment variable of a function's process that contains its key.
pub const KEY_VARIABLE: &str = "LAMBDURA_STATE_MACHINE_KEY";

const BYTES: usize = 32;

/// The key for proofs of one machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; BYTES]);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// A content with its proof, in the form of the input.
#[derive(Serialize, Deserialize)]
struct Proven {
    /// JSON as a text: parsing may change the spelling of numbers, and the proof covers each letter.
    content: String,
    proof: String,
}

impl Key {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key of one machine, which is derived from this one and does not reveal it.
    #[must_use]
    pub fn of_machine(&self, name: &str) -> Self {
        Self(self.code(&["machine", name]))
    }

    /// The inverse of [`to_text`](Self::to_text).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(bytes(text.trim())?))
    }

    /// Hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> String {
        digits(&self.0)
    }

    fn authentication(&self, parts: &[&str]) -> hmac::Context {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            // Includes the length, so that no two lists of parts yield the same bytes.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context
    }

    fn code(&self, parts: &[&str]) -> [u8; BYTES] {
        let mut code = [0; BYTES];
        code.copy_from_slice(self.authentication(parts).sign().as_ref());
        code
    }

    /// An input with this only member, valid for the name in `about`.
    pub(crate) fn prove(&self, member: &str, about: &str, content: &impl Serialize) -> Value {
        let content = serde_json::to_string(content).expect("it has text keys");
        let proof = digits(&self.code(&[member, about, &content]));
        json!({ member: Proven { content, proof } })
    }

    /// The content of such an input, if it is one and its proof is valid.
    pub(crate) fn proven<T: DeserializeOwned>(
        &self,
        member: &str,
        about: &str,
        event: &Value,
    ) -> Option<T> {
        let members = event.as_object().filter(|members| members.len() == 1)?;
        let Proven { content, proof } = Proven::deserialize(members.get(member)?).ok()?;
        let code = self.code(&[member, about, &content]);
        // Compared in constant time, independent of where they differ.
        aws_lc_rs::constant_time::verify_slices_are_equal(&code, &bytes(&proof)?).ok()?;
        serde_json::from_str(&content).ok()
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_key_made_for_this_is_proven() {
        let key = Key::draw()
            .expect("there is randomness")
            .of_machine("orders");
        let content = json!({ "number": 0.1, "text": "ü \" \\" });
        let event = key.prove("member", "about", &content);
        let proven =
            |key: &Key, member, about, event: &Value| key.proven::<Value>(member, about, event);
        assert_eq!(proven(&key, "member", "about", &event), Some(content));
        let same = Key::parse(&key.to_text()).expect("it is one");
        assert!(proven(&same, "member", "about", &event).is_some());

        let other = Key::draw().expect("there is randomness");
        assert_eq!(proven(&other, "member", "about", &event), None);
        assert_eq!(
            proven(&key.of_machine("x"), "member", "about", &event),
            None
        );
        assert_eq!(proven(&key, "member", "abou", &event), None);
        assert_eq!(proven(&key, "another", "about", &event), None);
        for (pointer, value) in [
            ("/member/content", json!("{}")),
            ("/member/proof", json!("0".repeat(64))),
            ("/member/proof", json!("")),
            ("/member/proof", json!("é".repeat(32))),
            ("/member", json!({ "content": {}, "proof": true })),
            ("/member", json!({ "state": "Pay" })),
        ] {
            let mut changed = event.clone();
            *changed.pointer_mut(pointer).expect("it is there") = value;
            assert_eq!(proven(&key, "member", "about", &changed), None, "{changed}");
        }
        let mut more = event;
        more["more"] = json!(1);
        assert_eq!(proven(&key, "member", "about", &more), None);
    }

    #[test]
    fn a_key_that_is_none_is_not_read() {
        for text in ["", "00", &"0".repeat(65), &"x".repeat(64), &"é".repeat(32)] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
