//! OpenPGP simple signing: the signatures of containers/image and of skopeo.

mod fixtures;
mod keyrings;
