//! Changing what a name stands for, so that of two who do it at once neither loses anything,
//! and taking back what refers to a manifest.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::model::{Descriptor, RawDocument};

use super::{Problem, TransportError};

/// Changing what a tag, or a name in a layout, stands for.
pub trait TagEdit: Send + Sync {
    /// Reads what `tag` stands for, has `edit` make something else of it and writes that.
    /// Where others change it meanwhile, `edit` is asked again, with what is there then; it
    /// must say [`Edited::Same`] once what it adds is there.
    ///
    /// # Errors
    /// Where the place fails, `edit` finds a problem, or others write all the time.
    fn edit_tag<'a>(
        &'a self,
        tag: &'a str,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<(), TransportError>>;

    /// As [`TagEdit::edit_tag`] for each of `changes`. Where what was written must be looked
    /// at again, all of it is written first, and it is waited for all of it together, as often
    /// as for one. The same tag may be changed by several; theirs are made in their order.
    ///
    /// # Errors
    /// As [`TagEdit::edit_tag`].
    fn edit_tags<'a>(
        &'a self,
        changes: &'a [TagChange<'a>],
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            for change in changes {
                self.edit_tag(&change.tag, &*change.edit).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// The manifest that `tag` stands for, checked; nothing where there is no such tag.
    ///
    /// # Errors
    /// Where the place fails, or what is there is not what its digest says.
    fn under_tag<'a>(
        &'a self,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, TransportError>>;
}

/// A change of what a tag stands for.
pub struct TagChange<'a> {
    pub tag: String,
    /// As for [`TagEdit::edit_tag`].
    pub edit: Box<EditFn<'a>>,
}

/// Makes something else of what a tag stands for; given nothing where there is no such tag.
pub type Edit<'a> = &'a EditFn<'a>;

/// As [`Edit`], for whoever keeps it.
pub type EditFn<'a> = dyn Fn(Option<&RawDocument>) -> Result<Edited, Problem> + Send + Sync + 'a;

/// What a tag is to stand for.
#[derive(Clone, Debug)]
pub enum Edited {
    /// What it stands for now.
    Same,
    /// Another manifest, and the blobs that it needs beside those that are there.
    Other {
        blobs: Vec<(Descriptor, Bytes)>,
        manifest: RawDocument,
    },
}

/// Taking back what refers to a manifest.
pub trait ReferrerRemove: Send + Sync {
    /// Removes a manifest that has a `subject`, from the lists that name it, too.
    ///
    /// # Errors
    /// Where it has no subject, or the place fails.
    fn remove_referrer<'a>(
        &'a self,
        raw: &'a RawDocument,
    ) -> BoxFuture<'a, Result<Removal, TransportError>>;
}

/// How a referrer was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Deleted,
    /// Nothing lists it any more; the registry deletes no manifests, so it is still found by
    /// its digest.
    Unlisted,
}
