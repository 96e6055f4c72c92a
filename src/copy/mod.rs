//! Copying an image with everything that belongs to it.
//!
//! First a [`Plan`]: what is read, mounted, skipped, converted and written, and which tags
//! move. Then [`run`], which does what the plan says and gives a [`Report`], and
//! [`check`], which looks later whether all of it is still there. Documents are copied byte
//! for byte; what cannot be kept is refused with the reason, or listed as left behind, and
//! never dropped.

mod addresses;
mod ahead;
mod aside;
mod belonging;
mod beside;
mod blobs;
mod check;
mod chosen;
mod convert;
mod error;
mod gather;
mod kept;
mod missing;
mod one;
mod options;
mod plan;
mod planner;
mod progress;
mod queue;
mod report;
mod run;
mod settle;
mod show;

pub use check::{CheckedItem, REPORT, check};
pub use convert::{is_beside, other_format};
pub use error::{Attached, CopyError};
pub use options::{CopyOptions, Format, Selection, Wanted, WantedError};
pub use plan::{
    Action, BlobAction, LeftBehind, Plan, PlannedBlob, PlannedDocument, PlannedName,
    PlannedSignatures, Role, Totals,
};
pub use planner::plan;
pub use progress::{BlobProgress, BlobState, CopyProgress};
pub use report::{Counts, Report, ReportedBlob, ReportedDocument};
pub use run::run;
