//! The table of files.

use egui::{Sense, Ui, WidgetInfo, vec2};

use crate::layer::{Change, EntryKind, FileNode, FileRows, FileSort, Scope};
use crate::model::text::size as size_text;
use crate::ui::theme::icons;
use crate::ui::widgets::table::{Column, RowUi, Sort, Table, Touched};

use super::words;

pub(super) const NAME: usize = 0;
pub(super) const SIZE: usize = 1;
const MODE: usize = 2;
const OWNER: usize = 3;
const DOT: usize = 4;
const LAYER: usize = 5;

const COLUMNS: [Column; 6] = [
    Column::wide("Name", 180.0, 1.0).sorts(),
    Column::new("Size", 72.0)
        .right()
        .sorts()
        .hint("Of a folder all files in it; hard links count nothing"),
    Column::new("Mode", 78.0).from_width(460.0),
    Column::new("Owner", 82.0).from_width(560.0),
    Column::new("", 12.0),
    Column::new("Layer", 124.0).hint("The layer that it comes from; they count from 0"),
];

/// What happened in the table.
pub(super) struct Happened {
    pub(super) touched: Touched,
    /// The row whose folder is to be opened or closed.
    pub(super) folded: Option<usize>,
}

/// Draws it into all the height there is.
pub(super) fn show(
    ui: &mut Ui,
    rows: &FileRows,
    damaged: &[usize],
    selected: Option<usize>,
    reveal: bool,
) -> Happened {
    let query = rows.list().query();
    let sort = Sort {
        column: if query.sort == FileSort::Size {
            SIZE
        } else {
            NAME
        },
        descending: query.sort == FileSort::Size,
    };
    let (scope, at) = (query.scope, rows.list().tree().at());
    let mut folded = None;
    let touched = Table::new("Files", &COLUMNS, rows.len())
        .sort(Some(sort))
        .selected(selected)
        .reveal(selected.filter(|_| reveal))
        .folds()
        .scrolls()
        .show(ui, |row| {
            let Some(node) = rows.node(row.index) else {
                return;
            };
            let of = (scope, at);
            if line(row, rows, &node, damaged, of) {
                folded = Some(row.index);
            }
        });
    if let (Some(open), Some(row)) = (touched.fold, selected)
        && rows.can_open(row)
        && rows.is_open(row) != open
    {
        folded = Some(row);
    }
    Happened { touched, folded }
}

/// Draws a row; says whether its arrow was clicked.
fn line(
    row: &mut RowUi<'_>,
    rows: &FileRows,
    node: &FileNode<'_>,
    damaged: &[usize],
    (scope, at): (Scope, usize),
) -> bool {
    let tokens = row.tokens;
    let kind = node.kind();
    let index = row.index;
    row.indent(node.depth().saturating_sub(1) as usize);
    let opens = rows.can_open(index);
    let open = opens && rows.is_open(index);
    let folded = opens && arrow(row, open);
    let name = words::shown(node.name());
    let (color, word) = match (node.change(), scope) {
        (Change::Removed, _) => (tokens.rejected, "removed"),
        (Change::Added, Scope::At(_) | Scope::Layer(_)) => (tokens.accepted, "added"),
        (Change::Changed, Scope::At(_) | Scope::Layer(_)) => (tokens.caution, "changed"),
        _ if words::replaces(node).is_some() => (tokens.caution, ""),
        _ => (tokens.text, ""),
    };
    let icon = match kind {
        EntryKind::Directory if open => icons::FOLDER_OPEN,
        EntryKind::Directory => icons::FOLDER,
        EntryKind::Symlink | EntryKind::Hardlink => icons::LINK_2,
        EntryKind::CharDevice | EntryKind::BlockDevice => icons::HARD_DRIVE,
        EntryKind::Fifo => icons::CABLE,
        EntryKind::File | EntryKind::Whiteout | EntryKind::Opaque => icons::FILE,
    };
    let entry = node.entry();
    let target = entry
        .as_ref()
        .and_then(|entry| entry.link())
        .map(words::shown);
    let label = match &target {
        Some(target) => format!("     {icon}  {name} → {target}"),
        None => format!("     {icon}  {name}"),
    };
    row.colored(NAME, &label, color);
    let size = if kind == EntryKind::Directory {
        size_text(node.total())
    } else {
        size_text(node.size())
    };
    let has_size = matches!(
        kind,
        EntryKind::File | EntryKind::Directory | EntryKind::Hardlink
    );
    if has_size {
        row.words(SIZE, &size);
    }
    if let Some(entry) = &entry {
        row.mono_weak(MODE, &words::mode(entry.mode()));
        row.mono_weak(OWNER, &format!("{}:{}", entry.uid(), entry.gid()));
    }
    let mut layer = words::layer(node, at);
    let of = if node.change() == Change::Removed {
        Some(at)
    } else {
        node.layer()
    };
    if let Some(of) = of {
        row.dot(DOT, tokens.layer(of));
    }
    let of = node.layer().filter(|layer| damaged.contains(layer));
    if of.is_some_and(|_| node.change() != Change::Removed) {
        layer.push_str(", damaged");
        let color = row.tokens.damaged;
        row.colored(LAYER, &layer, color);
    } else {
        row.weak(LAYER, &layer);
    }
    let state = match (opens, open) {
        (true, true) => ", open",
        (true, false) => ", closed",
        _ => "",
    };
    let said = [size.as_str(), word].into_iter().filter(|w| !w.is_empty());
    let said: String = said.map(|word| format!(", {word}")).collect();
    row.name(format!(
        "{name}, {}{said}, layer {layer}{state}",
        words::kind(kind)
    ));
    folded
}

/// The arrow that opens and closes a folder; says whether it was clicked.
fn arrow(row: &RowUi<'_>, open: bool) -> bool {
    let Some(cell) = row.cell(NAME) else {
        return false;
    };
    let size = vec2(18.0, cell.height());
    let place = egui::Rect::from_min_size(cell.left_top(), size);
    let icon = if open {
        icons::CHEVRON_DOWN
    } else {
        icons::CHEVRON_RIGHT
    };
    let response = row
        .ui
        .interact(place, row.response.id.with("arrow"), Sense::CLICK);
    let color = if response.hovered() {
        row.tokens.text
    } else {
        row.tokens.weak
    };
    row.ui.painter().text(
        place.center(),
        egui::Align2::CENTER_CENTER,
        icon,
        crate::ui::widgets::text::small(),
        color,
    );
    let word = if open { "Close" } else { "Open" };
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, word));
    response.clicked()
}
