//! The one place for authentication: nothing is sent before a registry asks for it, and
//! then only to that registry and to the realm that its own challenge names.

mod challenge;
mod method;
mod scope;
mod token;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use reqwest::header::HeaderValue;

use crate::config::{Credentials, Stored};
use crate::transport::Problem;

use super::address::Host;
use super::fault::Fault;
use super::http::Http;
pub(super) use method::Demand;
use method::Method;
pub(super) use scope::Scope;

/// What is shown to a registry.
pub(super) struct Pass {
    pub(super) header: HeaderValue,
    /// Whose name it was got with; nothing for a token that anybody gets.
    pub(super) user: Option<String>,
    kind: Kind,
    /// Why credentials that are there were not used.
    not_readable: Option<String>,
}

enum Kind {
    Basic,
    Token { until: Instant },
}

/// A pass, and whether it was made just now for who holds it.
pub(super) struct Held {
    pub(super) pass: Arc<Pass>,
    fresh: bool,
}

/// Passes by host and scope, and how each host wants to be asked.
pub(super) struct Authenticator {
    http: Arc<Http>,
    methods: Mutex<HashMap<Host, Method>>,
    slots: Mutex<HashMap<(Host, Scope), Slot>>,
}

type Coming = BoxFuture<'static, Result<Arc<Pass>, Fault>>;

/// A pass, or one that is on its way for all who wait for it.
enum Slot {
    Ready(Arc<Pass>),
    Coming(WeakShared<Coming>),
}

impl Pass {
    fn is_good(&self) -> bool {
        match self.kind {
            Kind::Basic => true,
            Kind::Token { until } => Instant::now() < until,
        }
    }

    /// What `fault` means for who showed it: where access is refused to nobody in
    /// particular, credentials that are there and were not used are told.
    pub(super) fn explain(&self, mut fault: Fault) -> Fault {
        if let (Problem::Forbidden { status, .. }, Some(why)) = (&fault.problem, &self.not_readable)
        {
            let (status, why) = (*status, why.clone());
            fault.problem = Problem::CredentialsNotReadable { status, why };
        }
        fault
    }

    /// The registry refused it with 401 although it was fresh.
    pub(super) fn refused(&self, message: String) -> Fault {
        let status = 401;
        Fault::lasting(match (&self.kind, &self.user, &self.not_readable) {
            (Kind::Basic, Some(user), _) => Problem::WrongCredentials {
                status,
                user: user.clone(),
                message,
            },
            // the token service knew the user and gave a token: it lacks the right
            (Kind::Token { .. }, Some(_), _) => Problem::Forbidden { status, message },
            (_, None, Some(why)) => Problem::CredentialsNotReadable {
                status,
                why: why.clone(),
            },
            (_, None, None) => Problem::Unauthorized { status, message },
        })
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = &self.user;
        f.debug_struct("Pass")
            .field("user", user)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    pub(super) fn new(http: Arc<Http>) -> Self {
        Self {
            http,
            methods: Mutex::default(),
            slots: Mutex::default(),
        }
    }

    /// The pass for a host that is known to want one; nothing for one that never asked.
    pub(super) async fn known(&self, host: &Host, scope: &Scope) -> Result<Option<Held>, Fault> {
        let method = lock(&self.methods).get(host).cloned();
        match method {
            Some(method) => self.pass(host, scope, method, "").await.map(Some),
            None => Ok(None),
        }
    }

    /// The pass that `demand` asks for. `refused` is the one that was shown and not taken.
    ///
    /// # Errors
    /// Where there is none, or a fresh one was refused.
    pub(super) async fn answer(
        &self,
        host: &Host,
        scope: &Scope,
        demand: Demand<'_>,
        refused: Option<&Held>,
    ) -> Result<Held, Fault> {
        if let Some(held) = refused {
            if held.fresh {
                return Err(held.pass.refused(demand.message.to_owned()));
            }
            self.discard(host, scope, &held.pass);
        }
        let method = Method::wanted(&demand, &self.http)?;
        lock(&self.methods).insert(host.clone(), method.clone());
        self.pass(host, scope, method, demand.message).await
    }

    /// Everybody who wants the same pass waits for the same one.
    async fn pass(
        &self,
        host: &Host,
        scope: &Scope,
        method: Method,
        message: &str,
    ) -> Result<Held, Fault> {
        let key = (host.clone(), scope.clone());
        let coming = {
            let mut slots = lock(&self.slots);
            let running = match slots.get(&key) {
                Some(Slot::Ready(pass)) if pass.is_good() => {
                    let pass = Arc::clone(pass);
                    return Ok(Held { pass, fresh: false });
                }
                Some(Slot::Coming(coming)) => coming.upgrade(),
                _ => None,
            };
            running.unwrap_or_else(|| {
                let http = Arc::clone(&self.http);
                let making = make(http, key.clone(), method, message.to_owned());
                let coming: Shared<Coming> = making.boxed().shared();
                if let Some(weak) = coming.downgrade() {
                    slots.insert(key.clone(), Slot::Coming(weak));
                }
                coming
            })
        };
        let made = coming.await;
        let mut slots = lock(&self.slots);
        match made {
            Ok(pass) => {
                slots.insert(key, Slot::Ready(Arc::clone(&pass)));
                Ok(Held { pass, fresh: true })
            }
            Err(fault) => {
                if matches!(slots.get(&key), Some(Slot::Coming(_))) {
                    slots.remove(&key);
                }
                Err(fault)
            }
        }
    }

    /// Forgets `pass`, unless another one has taken its place.
    fn discard(&self, host: &Host, scope: &Scope, pass: &Arc<Pass>) {
        let key = (host.clone(), scope.clone());
        let mut slots = lock(&self.slots);
        if let Some(Slot::Ready(kept)) = slots.get(&key)
            && Arc::ptr_eq(kept, pass)
        {
            slots.remove(&key);
        }
    }
}

/// Makes a pass: looks credentials up and, where the method wants one, fetches a token.
async fn make(
    http: Arc<Http>,
    (host, scope): (Host, Scope),
    method: Method,
    message: String,
) -> Result<Arc<Pass>, Fault> {
    let (credentials, not_readable) = match stored(&http, &host, &scope).await? {
        Stored::Nothing => (None, None),
        Stored::Password(credentials) => (Some(credentials), None),
        Stored::NotReadable { why } => (None, Some(why)),
    };
    let unused = |status| {
        let why = not_readable.clone()?;
        Some(Problem::CredentialsNotReadable { status, why })
    };
    let (header, kind) = match (&method, &credentials) {
        (Method::Basic, None) => {
            let status = 401;
            let nobody = Problem::Unauthorized { status, message };
            return Err(unused(status).unwrap_or(nobody).into());
        }
        (Method::Basic, Some(credentials)) => (token::basic(credentials)?, Kind::Basic),
        (Method::Bearer(realm), credentials) => {
            let token = token::fetch(&http, realm, &scope, credentials.as_ref()).await;
            let token = token.map_err(|mut fault| {
                if let Problem::Unauthorized { status, .. } | Problem::Forbidden { status, .. } =
                    fault.problem
                {
                    fault.problem = unused(status).unwrap_or(fault.problem);
                }
                fault
            })?;
            (token.header, Kind::Token { until: token.until })
        }
    };
    Ok(Arc::new(Pass {
        header,
        user: credentials.map(|credentials: Credentials| credentials.user),
        kind,
        not_readable,
    }))
}

/// Credentials are read each time a pass is made: who logs in meanwhile is let in.
async fn stored(http: &Http, host: &Host, scope: &Scope) -> Result<Stored, Fault> {
    let files = http.network().auth_files.clone();
    let (host, repository) = (host.as_str().to_owned(), scope.repository().to_owned());
    let read = move || Stored::find(&files, &host, &repository);
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|_| Fault::lasting(Problem::Cancelled))?;
    Ok(read?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
