//! What a copy is called where there is little room: `Copy edge/api:1.8.2 → mirror.example.com`.

use egui::Ui;

use crate::engine::CopyRequest;
use crate::model::{ImageName, Reference, text};
use crate::ui::widgets::text as paint;

const ARROW: &str = " → ";

/// A copy in few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// To the disk it is an export.
    verb: &'static str,
    from: String,
    to: String,
}

impl Title {
    /// What a copy is called.
    pub fn of(request: &CopyRequest) -> Self {
        let parse = |text: &str| Reference::parse_prefixed(text).and_then(Result::ok);
        let (source, destination) = (parse(&request.source), parse(&request.destination));
        let from = source
            .as_ref()
            .map_or_else(|| request.source.clone(), Reference::title);
        let to = match &destination {
            None => request.destination.clone(),
            Some(destination) => short(destination, source.as_ref()),
        };
        let verb = match destination {
            Some(Reference::Path(_)) => "Export",
            _ => "Copy",
        };
        Self {
            verb,
            from: text::visible(&from).into_owned(),
            to: text::visible(&to).into_owned(),
        }
    }

    /// As wide as it is.
    pub fn whole(&self) -> String {
        self.join(&self.from, &self.to)
    }

    /// At most `width` points wide: each part is cut by itself, and gets what the other
    /// leaves.
    pub(super) fn fit(&self, ui: &Ui, width: f32) -> String {
        let painter = ui.painter();
        let measure = |words: &str| paint::width(painter, words);
        let whole = self.whole();
        if measure(&whole) <= width {
            return whole;
        }
        let room = width - measure(&self.join("", ""));
        let (from, to) = (measure(&self.from), measure(&self.to));
        let first = (room - to.min(room / 2.0)).min(from);
        let cut =
            |words: &str, width: f32| paint::fit_middle(painter, words, &paint::body(), width);
        self.join(&cut(&self.from, first), &cut(&self.to, room - first))
    }

    fn join(&self, from: &str, to: &str) -> String {
        format!("{} {from}{ARROW}{to}", self.verb)
    }
}

/// A destination in few words; what it has in common with `source` is left out.
fn short(destination: &Reference, source: Option<&Reference>) -> String {
    let source_tag = match source {
        Some(Reference::Registry(image)) => image.tag(),
        Some(Reference::Path(path)) => match &path.name {
            Some(ImageName::Name(name)) => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    };
    match destination {
        Reference::Registry(image) => {
            let name = image.familiar();
            match source {
                Some(Reference::Registry(source)) if source.familiar() == name => {
                    image.host().to_owned()
                }
                _ => format!("{}/{name}", image.host()),
            }
        }
        Reference::Path(path) => {
            let same = matches!(&path.name, Some(ImageName::Name(name)) if Some(name.as_str()) == source_tag);
            let mut place = path.clone();
            if same {
                place.name = None;
            }
            Reference::Path(place).title()
        }
        Reference::Daemon(_) => "container engine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::CopyOptions;

    #[test]
    fn a_copy_is_called_by_its_image_and_where_it_goes() {
        let image = "docker://registry.example.com:5000/edge/api:1.8.2";
        for (source, destination, expected) in [
            (
                image,
                "docker://mirror.example.com/edge/api:1.8.2",
                "Copy edge/api:1.8.2 → mirror.example.com",
            ),
            (
                image,
                "docker://mirror.example.com/edge/api:stable",
                "Copy edge/api:1.8.2 → mirror.example.com/edge/api:stable",
            ),
            (
                image,
                "oci:/mnt/stick/images:1.8.2",
                "Export edge/api:1.8.2 → images",
            ),
            (
                "oci:/srv/bb:plain",
                "dir:/mnt/stick",
                "Export bb:plain → stick",
            ),
            (
                "oci:/srv/bb:plain",
                "oci-archive:/mnt/bb.tar:1",
                "Export bb:plain → bb.tar:1",
            ),
            (
                image,
                "docker-daemon:edge/api:1.8.2",
                "Copy edge/api:1.8.2 → container engine",
            ),
        ] {
            let title = Title::of(&CopyRequest {
                source: source.to_owned(),
                destination: destination.to_owned(),
                options: CopyOptions::default(),
            });
            assert_eq!(title.whole(), expected);
        }
    }
}
