//! Back and Forward, over what was shown: which image, which view, which manifest of it.

use crate::engine::{ImageId, NodePath};
use crate::ui::views::View;

/// How many steps are remembered.
const LIMIT: usize = 200;

/// What was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub image: ImageId,
    pub view: View,
    /// What a person selected; nothing for what the engine chose.
    pub selected: Option<NodePath>,
}

/// Where one was, and how far back one went.
#[derive(Clone, Debug, Default)]
pub struct History {
    visited: Vec<Location>,
    /// Position of what is shown now.
    at: usize,
}

impl History {
    /// Tells what is shown now. The same place again changes nothing; another one takes the
    /// place of everything that Forward would have led to.
    pub fn visit(&mut self, location: Location) {
        if self.visited.get(self.at) == Some(&location) {
            return;
        }
        if !self.visited.is_empty() {
            self.visited.truncate(self.at + 1);
        }
        self.visited.push(location);
        if self.visited.len() > LIMIT {
            self.visited.remove(0);
        }
        self.at = self.visited.len() - 1;
    }

    /// Whether Back leads somewhere.
    pub const fn can_go_back(&self) -> bool {
        self.at > 0
    }

    /// Whether Forward leads somewhere.
    pub const fn can_go_forward(&self) -> bool {
        self.at + 1 < self.visited.len()
    }

    /// One step back or forward.
    pub fn go(&mut self, back: bool) -> Option<&Location> {
        if back {
            self.at = self.at.checked_sub(1)?;
        } else if self.can_go_forward() {
            self.at += 1;
        } else {
            return None;
        }
        self.visited.get(self.at)
    }

    /// Forgets an image that was closed.
    pub fn forget(&mut self, image: ImageId) {
        let before = self
            .visited
            .iter()
            .take(self.at + 1)
            .filter(|location| location.image != image)
            .count();
        self.visited.retain(|location| location.image != image);
        // without the image, the same place may stand twice in a row
        let mut kept = before;
        let mut position = 0;
        let mut previous: Option<Location> = None;
        self.visited.retain(|location| {
            let again = previous.as_ref() == Some(location);
            if again && position < before {
                kept -= 1;
            }
            position += 1;
            previous = Some(location.clone());
            !again
        });
        self.at = kept.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(image: ImageId, view: View) -> Location {
        Location {
            image,
            view,
            selected: None,
        }
    }

    #[test]
    fn back_and_forward_lead_through_what_was_shown() {
        let image = ImageId::next();
        let mut history = History::default();
        assert!(!history.can_go_back() && !history.can_go_forward());
        for view in [View::Overview, View::Overview, View::Layers, View::Raw] {
            history.visit(at(image, view));
        }
        assert_eq!(history.go(true).unwrap().view, View::Layers);
        assert_eq!(history.go(true).unwrap().view, View::Overview);
        assert!(history.go(true).is_none() && !history.can_go_back());
        assert_eq!(history.go(false).unwrap().view, View::Layers);
        history.visit(at(image, View::Layers));
        assert!(history.can_go_forward(), "the same place is not a new one");
        history.visit(at(image, View::Config));
        assert!(!history.can_go_forward());
        assert_eq!(history.go(true).unwrap().view, View::Layers);
    }

    #[test]
    fn a_closed_image_is_left_out_of_the_way() {
        let (a, b) = (ImageId::next(), ImageId::next());
        let mut history = History::default();
        for (image, view) in [
            (a, View::Overview),
            (b, View::Overview),
            (a, View::Overview),
            (a, View::Raw),
        ] {
            history.visit(at(image, view));
        }
        history.forget(b);
        assert_eq!(history.go(true), Some(&at(a, View::Overview)));
        assert!(!history.can_go_back(), "the same place twice is one place");
        assert_eq!(history.go(false), Some(&at(a, View::Raw)));
        history.forget(a);
        assert!(!history.can_go_back() && !history.can_go_forward());
    }

    #[test]
    fn only_so_many_steps_are_remembered() {
        let image = ImageId::next();
        let mut history = History::default();
        for step in 0..LIMIT + 10 {
            history.visit(Location {
                image,
                view: View::Raw,
                selected: Some(NodePath::from(vec![step])),
            });
        }
        let mut back = 0;
        while history.go(true).is_some() {
            back += 1;
        }
        assert_eq!(back, LIMIT - 1);
    }
}
