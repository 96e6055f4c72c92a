//! The names that settings for an image are looked for by.

use super::RegistryReference;

impl RegistryReference {
    /// The image with its digest or tag, its repository, and what lies above that up to the
    /// host: the most specific first (containers/image, `PolicyConfigurationNamespaces`).
    pub fn namespaces(&self) -> Vec<String> {
        let mut name = self.name();
        let exact = match self.digest() {
            Some(digest) => format!("{name}@{digest}"),
            None => format!("{name}:{}", self.tag().unwrap_or("latest")),
        };
        let mut namespaces = vec![exact, name.clone()];
        while let Some((above, _)) = name.rsplit_once('/') {
            name = above.to_owned();
            namespaces.push(name.clone());
        }
        namespaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_comes_first_and_the_host_last() {
        let of = |text: &str| text.parse::<RegistryReference>().unwrap().namespaces();
        assert_eq!(
            of("host.example:5000/a/b:1"),
            [
                "host.example:5000/a/b:1",
                "host.example:5000/a/b",
                "host.example:5000/a",
                "host.example:5000"
            ]
        );
        assert_eq!(of("host.example/a")[0], "host.example/a:latest");
        let digest = format!("sha256:{}", "0".repeat(64));
        let pinned = format!("host.example/a@{digest}");
        assert_eq!(of(&pinned)[0], pinned);
    }
}
