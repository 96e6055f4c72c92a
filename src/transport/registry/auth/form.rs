//! The body of an OAuth2 request (RFC 6749, section 4), which holds secrets.

use bytes::Bytes;
use zeroize::Zeroizing;

/// `application/x-www-form-urlencoded` text that is wiped when it is dropped.
pub(in crate::transport::registry) struct Form(Zeroizing<String>);

impl Form {
    /// A form with these fields.
    pub(in crate::transport::registry) fn new(fields: &[(&str, &str)]) -> Self {
        // room for all of it at once: growing would leave copies of a secret behind
        let room = fields
            .iter()
            .map(|(key, value)| key.len() + 3 * value.len() + 2);
        let mut text = Zeroizing::new(String::with_capacity(room.sum()));
        for (key, value) in fields {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(key);
            text.push('=');
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                        text.push(char::from(byte));
                    }
                    b' ' => text.push('+'),
                    byte => {
                        let digits = b"0123456789ABCDEF";
                        text.push('%');
                        text.push(char::from(digits[usize::from(byte >> 4)]));
                        text.push(char::from(digits[usize::from(byte & 15)]));
                    }
                }
            }
        }
        Self(text)
    }

    /// The bytes to send; they are wiped when the last one lets go of them.
    pub(in crate::transport::registry) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_form_is_escaped() {
        let form = Form::new(&[("a", "x y&z=ä"), ("b", "t.o-k_e*n+/")]);
        assert_eq!(form.into_bytes(), "a=x+y%26z%3D%C3%A4&b=t.o-k_e*n%2B%2F");
    }
}
