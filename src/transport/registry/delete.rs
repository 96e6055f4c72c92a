//! Deleting: distribution-spec, "Content Management".

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use reqwest::Method;

use crate::model::{Digest, limits};
use crate::transport::{Delete, Problem, TransportError};

use super::auth::Scope;
use super::client::Request;
use super::destination::RegistryDestination;
use super::error_body::content_type;
use super::fault::Fault;
use super::tag;

/// How many tags are looked at at once.
const TAGS_AT_ONCE: usize = 8;

impl RegistryDestination {
    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let scope = Scope::delete(self.image().repository());
        let request = Request::of(Method::DELETE, self.image(), path, scope);
        match self.client().open(&request).await {
            // a page for people comes from something before the registry, as a login
            Ok(reply) if content_type(reply.answer.headers()).eq_ignore_ascii_case("text/html") => {
                Err(Fault::protocol(format!(
                    "it answered with a web page ({}) and does not say that it deleted anything",
                    reply.answer.status().as_u16()
                )))
            }
            Ok(_) => Ok(()),
            Err(mut fault) => {
                if fault.status == Some(409) {
                    fault.told().advice = Some(
                        "Something else still names it: see in the details what the registry said"
                            .to_owned(),
                    );
                }
                if matches!(fault.status, Some(400 | 405 | 409 | 501)) {
                    let message = fault.problem.said().unwrap_or_default().to_owned();
                    let status = fault.status.unwrap_or_default();
                    fault.problem = Problem::NoDelete { status, message };
                }
                Err(fault)
            }
        }
    }

    /// Removes a tag where the registry only removes manifests: that is right where no
    /// other tag stands for the manifest.
    async fn delete_last_tag(&self, tag: &str) -> Result<(), Fault> {
        let digest = self.digest_of(tag).await?;
        let digest = digest.ok_or_else(|| Fault::lasting(Problem::NotFound))?;
        let list = tag::list(self.client(), self.image(), limits::PAGES).await;
        if let Some(fault) = list.unfinished {
            return Err(fault);
        }
        let others = list.tags.into_iter().filter(|other| other != tag);
        let asked = stream::iter(others.map(|other| async move {
            let found = self.digest_of(&other).await;
            found.map(|found| (other, found))
        }));
        let mut asked = asked.buffer_unordered(TAGS_AT_ONCE);
        let mut same = Vec::new();
        while let Some(found) = asked.next().await {
            match found? {
                (other, Some(found)) if found == digest => same.push(other),
                _ => {}
            }
        }
        if !same.is_empty() {
            same.sort();
            let others = same;
            return Err(Fault::lasting(Problem::TagNotAlone { digest, others }));
        }
        self.delete(&format!("manifests/{digest}")).await
    }
}

impl Delete for RegistryDestination {
    fn delete_manifest<'a>(
        &'a self,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let deleted = self.delete(&format!("manifests/{digest}")).await;
            deleted.map_err(|fault| self.fail(format!("manifest {digest}"), fault))
        }
        .boxed()
    }

    fn delete_tag<'a>(&'a self, tag: &'a str) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let deleted = match self.delete(&format!("manifests/{tag}")).await {
                Err(fault) if matches!(fault.problem, Problem::NoDelete { .. }) => {
                    self.delete_last_tag(tag).await
                }
                other => other,
            };
            deleted.map_err(|fault| self.fail(format!("tag {tag}"), fault))
        }
        .boxed()
    }

    fn delete_blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), TransportError>> {
        async move {
            let deleted = self.delete(&format!("blobs/{digest}")).await;
            deleted.map_err(|fault| self.fail(format!("blob {digest}"), fault))
        }
        .boxed()
    }
}
