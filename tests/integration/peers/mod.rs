//! What we say of an image must be what the peers say.

mod archive;
mod layout;
mod written;
