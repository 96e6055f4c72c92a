//! Additions that are driven by way of the engine, where the command line does not get.

use std::sync::Arc;

use porthole::engine::{
    Addition, AdditionId, AdditionPlan, AdditionReport, AdditionRequest, AdditionSnapshot, Command,
    EngineConfig, Failure, IdentityFrom, JobId, Secret, SignBy, SignFormat, Signing,
    SigningServices, TrustConfig,
};

use super::{Home, PASSPHRASE};
use crate::support::watch::Watch;

/// Somebody who signs with a key.
pub fn by_key(key: &str, format: SignFormat) -> Signing {
    Signing {
        by: SignBy::Key(key.to_owned()),
        services: SigningServices::default(),
        chain: None,
        format,
        annotations: Default::default(),
        identity: None,
        expiry: None,
        lookaside: None,
    }
}

/// Somebody who signs with an identity, by the services of a home folder.
pub fn by_identity(home: &Home, from: IdentityFrom, format: SignFormat) -> Signing {
    Signing {
        by: SignBy::Identity(from),
        services: SigningServices {
            config: Some(home.path("config1.json")),
            trust_root: Some(home.path("root.json")),
            ..SigningServices::default()
        },
        ..by_key("", format)
    }
}

/// What signs an image.
pub fn request(reference: &str, signings: Vec<Signing>) -> AdditionRequest {
    AdditionRequest {
        reference: reference.to_owned(),
        recursive: false,
        addition: Addition::Sign(signings),
    }
}

/// What an engine is started with that has the keys of a home folder.
pub fn config(home: &Home) -> EngineConfig {
    EngineConfig {
        platform: porthole::model::Platform::host(),
        network: porthole::config::Network::default(),
        cache: None,
        trust: TrustConfig {
            own_keys: Some(home.kept("")),
            ..TrustConfig::default()
        },
    }
}

/// An addition from its plan to its end, perhaps by several tries.
pub struct Driven {
    pub watch: Watch,
    addition: AdditionId,
    request: AdditionRequest,
}

impl Driven {
    /// One that is planned.
    pub fn planned(config: EngineConfig, request: AdditionRequest) -> (Self, Arc<AdditionPlan>) {
        let driven = Self {
            watch: Watch::start_with(config),
            addition: AdditionId::next(),
            request,
        };
        driven.watch.engine.send(Command::PlanAddition {
            addition: driven.addition,
            request: Box::new(driven.request.clone()),
        });
        let plan = driven.watch.wait(|| {
            let snapshot = driven.snapshot()?;
            if let Some(error) = snapshot.plan.error() {
                panic!("{error}");
            }
            snapshot.plan.value().cloned()
        });
        (driven, plan)
    }

    /// What the engine knows of it.
    pub fn snapshot(&self) -> Option<Arc<AdditionSnapshot>> {
        self.watch.engine.addition(self.addition)
    }

    /// Begins to make it, and gives the job.
    pub fn begin(&self) -> JobId {
        let before = self.snapshot().and_then(|snapshot| snapshot.job);
        let passphrase = || Some(Secret::new(PASSPHRASE.to_owned()));
        let signings = self.request.addition.signings();
        self.watch.engine.send(Command::Add {
            addition: self.addition,
            request: Box::new(self.request.clone()),
            passphrases: signings.iter().map(|_| passphrase()).collect(),
            accept: true,
        });
        self.watch.wait(|| {
            let job = self.snapshot()?.job;
            job.filter(|_| job != before)
        })
    }

    /// What came of it.
    pub fn end(&self) -> Result<Arc<AdditionReport>, Failure> {
        self.watch.wait(|| {
            let snapshot = self.snapshot()?;
            if let Some(error) = snapshot.report.error() {
                return Some(Err(Failure::clone(error)));
            }
            snapshot.report.value().cloned().map(Ok)
        })
    }

    /// Makes it.
    pub fn add(&self) -> Result<Arc<AdditionReport>, Failure> {
        self.begin();
        self.end()
    }
}
