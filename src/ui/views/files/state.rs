//! What the view keeps between frames.

use std::sync::Arc;

use crate::engine::NodePath;
use crate::layer::{FileList, FileNode, FileQuery, FileRows, FileSort, Scope};
use crate::model::Digest;

use super::detail::DetailState;
use super::{query, sort_of, tree};

/// Filter, open folders, what is selected.
#[derive(Debug, Default)]
pub(in crate::ui::views) struct FilesState {
    /// The manifest that the rest is about.
    of: Option<Digest>,
    pub(super) filter: String,
    pub(super) scope: Scope,
    pub(super) changed: bool,
    sort: FileSort,
    /// What the engine was asked for.
    pub(super) asked: Option<FileQuery>,
    pub(super) rows: Option<FileRows>,
    /// The rows without a filter, to come back to.
    unfiltered: Option<FileRows>,
    /// The path of what is selected.
    pub(super) selected: Option<Vec<u8>>,
    pub(super) reveal: bool,
    /// Whether what is selected was shown beside the tree.
    pub(super) had_details: bool,
    /// What lies above what is selected is to be opened, once that is listed.
    to_open: bool,
    /// A layer, and a path in it, that is to be shown once its manifest is.
    wished: Option<Wished>,
    /// Why what was typed cannot be looked for.
    pub(super) problem: Option<String>,
    pub(super) detail: DetailState,
}

/// What another view wants to be shown here.
#[derive(Debug)]
struct Wished {
    manifest: NodePath,
    layer: usize,
    path: Option<Vec<u8>>,
}

impl FilesState {
    /// A layer of this manifest is to be shown, and a path in it.
    pub(in crate::ui::views) fn show_layer(
        &mut self,
        manifest: &NodePath,
        layer: usize,
        path: Option<Vec<u8>>,
    ) {
        self.wished = Some(Wished {
            manifest: manifest.clone(),
            layer,
            path,
        });
    }

    /// Begins anew where another manifest is looked at; does what is wished of this one.
    pub(super) fn keep_for(&mut self, path: &NodePath, manifest: &Digest) {
        let wished = self.wished.take_if(|wished| wished.manifest == *path);
        if self.of.as_ref() != Some(manifest) {
            *self = Self {
                of: Some(manifest.clone()),
                wished: self.wished.take(),
                ..Self::default()
            };
        }
        if let Some(wished) = wished {
            self.filter.clear();
            self.changed = false;
            self.scope = Scope::Layer(wished.layer);
            self.selected = wished.path;
            self.to_open = self.selected.is_some();
        }
    }

    /// Opens what lies above what is selected, once the list is the one that was wished for.
    pub(super) fn reveal_selected(&mut self) {
        let wanted = self.asked.as_ref();
        let Some(rows) = self.rows.as_mut().filter(|_| self.to_open) else {
            return;
        };
        if let Some(path) = &self.selected
            && wanted == Some(rows.list().query())
            && rows.reveal(path).is_some()
        {
            self.to_open = false;
            self.reveal = true;
        }
    }

    /// What is to be shown.
    pub(super) fn query(&self) -> FileQuery {
        query::parse(&self.filter, self.scope, self.changed, self.sort)
    }

    /// Takes a new list; folders stay open.
    pub(super) fn lay_out(&mut self, list: &Arc<FileList>) {
        let same = self
            .rows
            .as_ref()
            .is_some_and(|rows| Arc::ptr_eq(rows.list(), list));
        if same {
            return;
        }
        let before = self.rows.take();
        if let Some(grown) = before.as_ref().and_then(|rows| rows.grown_to(list)) {
            self.rows = Some(grown);
            return;
        }
        if let Some(rows) = before
            && !rows.list().query().is_filter()
        {
            self.unfiltered = Some(rows);
        }
        self.rows = Some(match &self.unfiltered {
            Some(before) => before.carried_to(Arc::clone(list)),
            None => FileRows::new(Arc::clone(list)),
        });
    }

    /// The row of what is selected, where it is shown.
    pub(super) fn selected_row(&self) -> Option<usize> {
        self.rows.as_ref()?.row_of(self.selected.as_deref()?)
    }

    /// What is selected, where the tree has it.
    pub(super) fn node(&self) -> Option<FileNode<'_>> {
        let tree = self.rows.as_ref()?.list().tree();
        tree.find(self.selected.as_deref()?)
    }

    /// Does what was wished in the table.
    pub(super) fn take(&mut self, happened: tree::Happened) {
        let Some(rows) = &mut self.rows else {
            return;
        };
        let tree::Happened { touched, folded } = happened;
        self.to_open &= touched.selected.is_none();
        if let Some(row) = touched.selected
            && let Some(node) = rows.node(row)
        {
            self.selected = Some(node.path());
        }
        let opened = touched.opened.filter(|row| rows.can_open(*row));
        if let Some(row) = folded.or(opened) {
            if rows.is_open(row) {
                rows.close(row);
            } else {
                rows.open(row);
            }
        }
        if let Some(sort) = touched.sorted {
            self.sort = sort_of(sort);
        }
    }
}
