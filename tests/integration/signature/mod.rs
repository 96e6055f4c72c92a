//! What vouches for an image: the formats of cosign and Sigstore, the policy, the verdict.

mod cli;
mod fixtures;
mod formats;
mod kinds;
mod made;
mod mutation;
mod peers;
mod pitfalls;
mod policy;
mod roots;
