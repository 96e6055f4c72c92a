//! Reading JSON that others wrote: a value that is not of the expected shape is left out,
//! and the rest is read all the same.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::limits;

/// A text, a number or a truth value, as text; nothing for anything else. Cut at
/// [`limits::ATTACHMENT_TEXT_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<String>);

/// The elements of a list; none for anything else. At most
/// [`limits::ATTACHMENT_ITEMS`] are kept, the others are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) left_out: usize,
}

/// An object; nothing for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl Text {
    /// The text, where there is one and it says something.
    pub(super) fn said(self) -> Option<String> {
        self.0.filter(|text| !text.trim().is_empty())
    }

    /// The same without taking it.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.trim().is_empty())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            left_out: 0,
        }
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> List<Object<T>> {
    /// The elements that are objects.
    pub(super) fn objects(self) -> impl Iterator<Item = T> {
        self.items.into_iter().filter_map(|item| item.0)
    }
}

/// Cuts a text at `bytes`, at a character.
pub(super) fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
    }
    text
}

fn bounded(text: &str) -> String {
    let end = text.floor_char_boundary(limits::ATTACHMENT_TEXT_BYTES);
    text[..end].to_owned()
}

fn drain_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<usize, A::Error> {
    let mut count = 0;
    while list.next_element::<IgnoredAny>()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn drain_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// What each visitor below does with values that it does not want.
macro_rules! nothing_of {
    ($($method:ident($type:ty)),*) => {
        $(fn $method<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
    };
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    nothing_of!();

    fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string())))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(Some(bounded(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Text, A::Error> {
        drain_list(list).map(|_| Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Text, A::Error> {
        drain_object(object).map(|()| Text(None))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    nothing_of!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < limits::ATTACHMENT_ITEMS {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(List { items, left_out: 0 }),
            }
        }
        let left_out = drain_list(list)?;
        Ok(List { items, left_out })
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<List<T>, A::Error> {
        drain_object(object).map(|()| List::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    nothing_of!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Object<T>, A::Error> {
        drain_list(list).map(|_| Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Object(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Thing {
        name: Text,
        parts: List<Object<Thing>>,
    }

    #[test]
    fn what_has_another_shape_is_left_out_and_the_rest_is_read() {
        let text = r#"{"name":7,"parts":[1,null,"x",[2,[3]],{"name":{"a":[1]}},{"name":"b","parts":{"c":1},"more":[{}]}]}"#;
        let thing: Object<Thing> = serde_json::from_str(text).unwrap();
        let thing = thing.0.unwrap();
        assert_eq!(thing.name.as_str(), Some("7"));
        let names: Vec<_> = thing.parts.objects().map(|part| part.name.said()).collect();
        assert_eq!(names, [None, Some("b".to_owned())]);
        for text in ["1", "-1", "1.5", "true", "null", "\"x\"", "[1,{}]"] {
            assert_eq!(serde_json::from_str::<Object<Thing>>(text).unwrap().0, None);
        }
    }

    #[test]
    fn long_texts_and_lists_are_cut() {
        let text = serde_json::to_string(&"ä".repeat(limits::ATTACHMENT_TEXT_BYTES)).unwrap();
        let read: Text = serde_json::from_str(&text).unwrap();
        assert_eq!(read.0.unwrap().len(), limits::ATTACHMENT_TEXT_BYTES);
        let many = format!("[{}0]", "0,".repeat(limits::ATTACHMENT_ITEMS + 4));
        let read: List<u8> = serde_json::from_str(&many).unwrap();
        assert_eq!(
            (read.items.len(), read.left_out),
            (limits::ATTACHMENT_ITEMS, 5)
        );
    }
}
