//! The people of the demonstration's repository.

use git2::{Signature, Time};

/// Midnight of Monday, 5 October 2026, UTC.
const START: i64 = 1_791_158_400;

/// Somebody who writes changes, with a name and an address of theirs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Author {
    name: &'static str,
    email: &'static str,
    /// Minutes east of Greenwich.
    zone: i32,
}

/// Writes text and dates.
pub(super) const MAYA: Author = Author { name: "Maya Lindqvist", email: "maya@pocket.example", zone: 60 };
/// Maya again, from her own machine; `.mailmap` joins the two.
pub(super) const MAYA_AT_HOME: Author = Author { name: "maya", email: "maya.lindqvist@home.example", zone: 60 };
/// Writes numbers.
pub(super) const TOMAS: Author = Author { name: "Tomás Ferreira", email: "tomas@pocket.example", zone: 0 };
/// Writes lists and paths.
pub(super) const INES: Author = Author { name: "Ines Okafor", email: "ines@pocket.example", zone: 60 };
/// Writes whatever there is.
pub(super) const JONAS: Author = Author { name: "Jonas Weber", email: "jonas@pocket.example", zone: 60 };
/// Keeps the project and merges.
pub(super) const PRIYA: Author = Author { name: "Priya Raman", email: "priya@pocket.example", zone: 330 };
/// Makes the releases.
pub(super) const BOT: Author = Author { name: "pocket-release[bot]", email: "release-bot@pocket.example", zone: 0 };

/// A moment: the day of the project from 0, the hour and the minute.
pub(super) type Moment = (i64, i64, i64);

impl Author {
    /// Returns the author's signature at a moment.
    pub(super) fn at(self, (day, hour, minute): Moment) -> Result<Signature<'static>, git2::Error> {
        let time = START + ((day * 24 + hour) * 60 + minute) * 60;
        Signature::new(self.name, self.email, &Time::new(time, self.zone))
    }
}
