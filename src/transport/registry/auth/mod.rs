//! The one place for authentication: nothing is sent before a registry asks for it, and
//! then only to that registry and to the realm that its own challenge names.

mod challenge;
mod form;
mod method;
mod scope;
mod token;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use reqwest::header::HeaderValue;

use crate::config::{Credentials, SecretKind, Stored};
use crate::transport::Problem;

use super::address::Host;
use super::fault::Fault;
use super::http::Http;
pub(super) use form::Form;
pub(super) use method::Demand;
use method::Method;
pub(super) use scope::Scope;
pub(super) use token::bearer;

/// The schemes of all challenges of `headers`, and a look at each one's parameters.
pub(super) fn challenge_schemes(headers: &reqwest::header::HeaderMap) -> Vec<String> {
    let challenges = challenge::Challenge::of(headers).into_iter();
    let read = challenges.map(|challenge| {
        for name in ["realm", "service", "scope"] {
            let _value = challenge.parameter(name);
        }
        challenge.scheme
    });
    read.collect()
}

/// What is shown to a registry.
pub(super) struct Pass {
    pub(super) header: HeaderValue,
    /// Whose name it was got with; nothing for a token that anybody gets.
    pub(super) user: Option<String>,
    kind: Kind,
    /// Where the credentials came from.
    origin: Option<String>,
    /// Why credentials that are there were not used.
    not_readable: Option<String>,
}

enum Kind {
    Basic,
    Token { until: Instant },
}

/// A pause that a registry asks for is said in seconds up to this.
const LONGEST_SAID: Duration = Duration::from_secs(86_400);

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
    /// Scopes that a registry wants a token for beside those asked for, as it said itself.
    wanted: Mutex<HashMap<(Host, Scope), Vec<String>>>,
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
        self.tell(fault)
    }

    /// Adds to `fault` whose credentials were shown.
    fn tell(&self, mut fault: Fault) -> Fault {
        let about_rights = matches!(
            fault.problem,
            Problem::Forbidden { .. } | Problem::WrongCredentials { .. }
        );
        if let (true, Some(origin)) = (about_rights, &self.origin) {
            let user = self.user.as_deref().unwrap_or_default();
            fault
                .told()
                .details
                .push(format!("Logged in as {user}, by {origin}"));
        }
        // who is logged in has the limit of that login
        if let (Problem::RateLimited { retry_after }, Some(_)) = (&fault.problem, &self.origin) {
            let user = self.user.as_deref().unwrap_or_default();
            let when = retry_after.filter(|wait| *wait <= LONGEST_SAID);
            let when = match when {
                Some(wait) => format!("in {} s", wait.as_secs()),
                None => "later".to_owned(),
            };
            let advice = format!("Try again {when}: it is the limit of {user}, who is logged in");
            fault.told().advice = Some(advice);
        }
        fault
    }

    /// The registry refused it with 401 although it was fresh.
    pub(super) fn refused(&self, message: String) -> Fault {
        let status = 401;
        let fault = Fault::lasting(match (&self.kind, &self.user, &self.not_readable) {
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
        });
        self.tell(fault)
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
            wanted: Mutex::default(),
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
        let news = self.note_wanted(host, scope, &demand);
        if let Some(held) = refused {
            // a fresh token is only tried again where the registry named another scope
            if held.fresh && !news {
                return Err(held.pass.refused(demand.message.to_owned()));
            }
            self.discard(host, scope, &held.pass);
        }
        let method = Method::wanted(&demand, &self.http)?;
        lock(&self.methods).insert(host.clone(), method.clone());
        self.pass(host, scope, method, demand.message).await
    }

    /// Remembers the scopes that the challenge of `demand` names and `scope` does not have;
    /// whether there are new ones. Some registries want others than the specification says.
    fn note_wanted(&self, host: &Host, scope: &Scope, demand: &Demand<'_>) -> bool {
        let named = method::scopes(demand);
        let mut wanted = lock(&self.wanted);
        let known = wanted.entry((host.clone(), scope.clone())).or_default();
        let before = known.len();
        for name in named {
            let is_new = !scope.covers(&name) && !known.contains(&name);
            if is_new && known.len() < WANTED {
                known.push(name);
            }
        }
        known.len() > before
    }

    /// Forgets every pass for `host`: somebody logged in or out.
    pub(super) fn forget(&self, host: &Host) {
        lock(&self.slots).retain(|(at, _), _| at != host);
    }

    /// Shows `credentials`, which are kept nowhere, to `host`, which answered with `demand`.
    pub(super) async fn try_credentials(
        &self,
        host: &Host,
        scope: &Scope,
        demand: &Demand<'_>,
        credentials: Credentials,
    ) -> Result<Arc<Pass>, Fault> {
        let method = Method::wanted(demand, &self.http)?;
        let scopes = scope.texts().to_vec();
        let kept = Stored::Found(credentials);
        let message = demand.message.to_owned();
        let made = make_from(&self.http, &scopes, method, kept, message).await;
        made.map_err(|mut fault| {
            fault.told().host.get_or_insert_with(|| host.to_string());
            fault
        })
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
                let mut scopes = scope.texts().to_vec();
                scopes.extend(lock(&self.wanted).get(&key).into_iter().flatten().cloned());
                let making = make(http, key.clone(), scopes, method, message.to_owned());
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

/// Most scopes that a registry is listened to about beside those asked for.
const WANTED: usize = 8;

/// Makes a pass: looks credentials up and, where the method wants one, fetches a token.
async fn make(
    http: Arc<Http>,
    (host, scope): (Host, Scope),
    scopes: Vec<String>,
    method: Method,
    message: String,
) -> Result<Arc<Pass>, Fault> {
    let kept = stored(&http, &host, &scope).await?;
    make_from(&http, &scopes, method, kept, message).await
}

async fn make_from(
    http: &Http,
    scopes: &[String],
    method: Method,
    kept: Stored,
    message: String,
) -> Result<Arc<Pass>, Fault> {
    let (credentials, not_readable) = match kept {
        Stored::Nothing => (None, None),
        Stored::Found(credentials) => (Some(credentials), None),
        Stored::NotReadable { why } => (None, Some(why)),
    };
    let unused = |status| {
        let why = not_readable.clone()?;
        Some(Problem::CredentialsNotReadable { status, why })
    };
    let (header, kind) = match (&method, &credentials) {
        (_, Some(credentials)) if credentials.kind == SecretKind::RegistryToken => {
            (registry_token(credentials)?, Kind::Basic)
        }
        (Method::Basic, None) => {
            let status = 401;
            let nobody = Problem::Unauthorized { status, message };
            return Err(unused(status).unwrap_or(nobody).into());
        }
        (Method::Basic, Some(credentials)) if credentials.kind == SecretKind::IdentityToken => {
            return Err(Fault::lasting(Problem::CredentialsNotReadable {
                status: 401,
                why: format!(
                    "it takes a name and password, and {} has an identity token",
                    credentials.origin
                ),
            }));
        }
        (Method::Basic, Some(credentials)) => (token::basic(credentials)?, Kind::Basic),
        (Method::Bearer(realm), credentials) => {
            let token = token::fetch(http, realm, scopes, credentials.as_ref()).await;
            let token = token.map_err(|mut fault| {
                if let Problem::Unauthorized { status, .. } | Problem::Forbidden { status, .. } =
                    fault.problem
                {
                    fault.problem = unused(status).unwrap_or(fault.problem);
                }
                if let (Problem::WrongCredentials { .. }, Some(credentials)) =
                    (&fault.problem, credentials)
                {
                    let kept = format!("The credentials came from {}", credentials.origin);
                    fault.told().details.push(kept);
                }
                fault
            })?;
            (token.header, Kind::Token { until: token.until })
        }
    };
    Ok(Arc::new(Pass {
        header,
        user: credentials.as_ref().map(shown_user),
        kind,
        origin: credentials.map(|credentials| credentials.origin.to_string()),
        not_readable,
    }))
}

/// A registry's own token, as it was kept.
fn registry_token(credentials: &Credentials) -> Result<HeaderValue, Fault> {
    token::bearer(&credentials.secret).ok_or_else(|| {
        Fault::lasting(Problem::Settings {
            path: credentials.origin.to_string(),
            why: "a registry token in it holds what no header may".to_owned(),
        })
    })
}

/// Who it is, for people.
fn shown_user(credentials: &Credentials) -> String {
    match (credentials.user.as_str(), credentials.kind) {
        ("", SecretKind::IdentityToken) => "an identity token".to_owned(),
        ("", SecretKind::RegistryToken) => "a registry token".to_owned(),
        (user, _) => user.to_owned(),
    }
}

/// Credentials are read each time a pass is made: who logs in meanwhile is let in.
async fn stored(http: &Http, host: &Host, scope: &Scope) -> Result<Stored, Fault> {
    let network = http.network().clone();
    let (host, repository) = (host.as_str().to_owned(), scope.repository().to_owned());
    let read = move || Stored::find(&network, &host, &repository);
    let read = tokio::task::spawn_blocking(read).await;
    let read = read.map_err(|_| Fault::lasting(Problem::Cancelled))?;
    Ok(read?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
