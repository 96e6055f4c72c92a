//! Tables of a policy's text: found, read, and written so that what stands around them stays.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::EditError;

pub(super) fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| EditError::Syntax(error.to_string()))
}

/// The tables of a kind; nothing where there are none.
pub(super) fn tables<'a>(
    document: &'a DocumentMut,
    kind: &'static str,
) -> Result<Option<&'a ArrayOfTables>, EditError> {
    match document.get(kind) {
        None => Ok(None),
        Some(item) => item
            .as_array_of_tables()
            .map(Some)
            .ok_or(EditError::Inline(kind)),
    }
}

pub(super) fn tables_mut<'a>(
    document: &'a mut DocumentMut,
    kind: &'static str,
) -> Result<&'a mut ArrayOfTables, EditError> {
    document
        .entry(kind)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(EditError::Inline(kind))
}

pub(super) fn text_of(table: &Table, key: &str) -> String {
    let text = table.get(key).and_then(Item::as_str);
    text.unwrap_or_default().to_owned()
}

pub(super) fn list_of(table: &Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Item::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(ToOwned::to_owned).collect()
}

/// Writes a value where it is another, and keeps what stands around it.
pub(super) fn set(table: &mut Table, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            if bare(old) != bare(&new) {
                let decor = old.decor().clone();
                *old = new;
                *old.decor_mut() = decor;
            }
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// The same; what goes without saying is not written, and taken out where it is.
pub(super) fn set_unless(table: &mut Table, key: &str, new: Value, plain: bool) {
    if !plain {
        set(table, key, new);
    } else if table.contains_key(key) {
        table.remove(key);
    }
}

/// A value without what stands around it.
fn bare(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("{:?}", list.iter().map(bare).collect::<Vec<_>>()),
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(number) => number.value().to_string(),
        Value::Boolean(is) => is.value().to_string(),
        other => other.to_string(),
    }
}

pub(super) fn array(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(String::as_str).collect::<Array>())
}
