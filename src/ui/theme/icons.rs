//! The icons of the bundled icon font, `assets/fonts/lucide-subset.ttf`: a part of Lucide
//! (<https://lucide.dev>), under the ISC licence, some of it MIT (`assets/fonts/LICENSE-lucide.txt`).
//!
//! Written by `assets/fonts/make` from `assets/fonts/icons.txt`: change that list, not this file.
//! Each constant is one character of the Unicode private use area: it means something only in the font that the
//! theme loads, so a widget that shows nothing else than an icon needs an accessible name of its own.

/// Lucide's `anchor`.
pub const ANCHOR: &str = "\u{e03f}";

/// Lucide's `archive`.
pub const ARCHIVE: &str = "\u{e041}";

/// Lucide's `arrow-down`.
pub const ARROW_DOWN: &str = "\u{e042}";

/// Lucide's `arrow-down-up`.
pub const ARROW_DOWN_UP: &str = "\u{e046}";

/// Lucide's `arrow-left`.
pub const ARROW_LEFT: &str = "\u{e048}";

/// Lucide's `arrow-left-right`.
pub const ARROW_LEFT_RIGHT: &str = "\u{e24a}";

/// Lucide's `arrow-right`.
pub const ARROW_RIGHT: &str = "\u{e049}";

/// Lucide's `arrow-up`.
pub const ARROW_UP: &str = "\u{e04a}";

/// Lucide's `ban`.
pub const BAN: &str = "\u{e051}";

/// Lucide's `bell`.
pub const BELL: &str = "\u{e059}";

/// Lucide's `box`.
pub const BOX: &str = "\u{e061}";

/// Lucide's `boxes`.
pub const BOXES: &str = "\u{e2d0}";

/// Lucide's `braces`.
pub const BRACES: &str = "\u{e36a}";

/// Lucide's `bug`.
pub const BUG: &str = "\u{e20c}";

/// Lucide's `cable`.
pub const CABLE: &str = "\u{e4e3}";

/// Lucide's `calendar`.
pub const CALENDAR: &str = "\u{e063}";

/// Lucide's `check`.
pub const CHECK: &str = "\u{e06c}";

/// Lucide's `chevrons-down-up`.
pub const CHEVRONS_DOWN_UP: &str = "\u{e228}";

/// Lucide's `chevrons-up-down`.
pub const CHEVRONS_UP_DOWN: &str = "\u{e211}";

/// Lucide's `chevron-down`.
pub const CHEVRON_DOWN: &str = "\u{e06d}";

/// Lucide's `chevron-left`.
pub const CHEVRON_LEFT: &str = "\u{e06e}";

/// Lucide's `chevron-right`.
pub const CHEVRON_RIGHT: &str = "\u{e06f}";

/// Lucide's `chevron-up`.
pub const CHEVRON_UP: &str = "\u{e070}";

/// Lucide's `circle`.
pub const CIRCLE: &str = "\u{e076}";

/// Lucide's `circle-alert`.
pub const CIRCLE_ALERT: &str = "\u{e077}";

/// Lucide's `circle-check`.
pub const CIRCLE_CHECK: &str = "\u{e226}";

/// Lucide's `circle-dashed`.
pub const CIRCLE_DASHED: &str = "\u{e4b0}";

/// Lucide's `circle-dot`.
pub const CIRCLE_DOT: &str = "\u{e345}";

/// Lucide's `circle-minus`.
pub const CIRCLE_MINUS: &str = "\u{e07e}";

/// Lucide's `circle-question-mark`.
pub const CIRCLE_QUESTION_MARK: &str = "\u{e082}";

/// Lucide's `circle-stop`.
pub const CIRCLE_STOP: &str = "\u{e083}";

/// Lucide's `circle-x`.
pub const CIRCLE_X: &str = "\u{e084}";

/// Lucide's `clipboard`.
pub const CLIPBOARD: &str = "\u{e085}";

/// Lucide's `clipboard-check`.
pub const CLIPBOARD_CHECK: &str = "\u{e219}";

/// Lucide's `clipboard-copy`.
pub const CLIPBOARD_COPY: &str = "\u{e225}";

/// Lucide's `clipboard-paste`.
pub const CLIPBOARD_PASTE: &str = "\u{e3e8}";

/// Lucide's `clock`.
pub const CLOCK: &str = "\u{e087}";

/// Lucide's `columns-2`.
pub const COLUMNS_2: &str = "\u{e098}";

/// Lucide's `command`.
pub const COMMAND: &str = "\u{e09a}";

/// Lucide's `container`.
pub const CONTAINER: &str = "\u{e4d5}";

/// Lucide's `copy`.
pub const COPY: &str = "\u{e09e}";

/// Lucide's `cpu`.
pub const CPU: &str = "\u{e0a9}";

/// Lucide's `database`.
pub const DATABASE: &str = "\u{e0ad}";

/// Lucide's `diff`.
pub const DIFF: &str = "\u{e30c}";

/// Lucide's `download`.
pub const DOWNLOAD: &str = "\u{e0b2}";

/// Lucide's `ellipsis`.
pub const ELLIPSIS: &str = "\u{e0b6}";

/// Lucide's `ellipsis-vertical`.
pub const ELLIPSIS_VERTICAL: &str = "\u{e0b7}";

/// Lucide's `external-link`.
pub const EXTERNAL_LINK: &str = "\u{e0b9}";

/// Lucide's `eye`.
pub const EYE: &str = "\u{e0ba}";

/// Lucide's `eye-off`.
pub const EYE_OFF: &str = "\u{e0bb}";

/// Lucide's `file`.
pub const FILE: &str = "\u{e0c0}";

/// Lucide's `files`.
pub const FILES: &str = "\u{e0cf}";

/// Lucide's `file-archive`.
pub const FILE_ARCHIVE: &str = "\u{e30d}";

/// Lucide's `file-check`.
pub const FILE_CHECK: &str = "\u{e0c1}";

/// Lucide's `file-diff`.
pub const FILE_DIFF: &str = "\u{e317}";

/// Lucide's `file-json`.
pub const FILE_JSON: &str = "\u{e36b}";

/// Lucide's `file-key`.
pub const FILE_KEY: &str = "\u{e31d}";

/// Lucide's `file-question-mark`.
pub const FILE_QUESTION_MARK: &str = "\u{e322}";

/// Lucide's `file-text`.
pub const FILE_TEXT: &str = "\u{e0cc}";

/// Lucide's `file-x`.
pub const FILE_X: &str = "\u{e0cd}";

/// Lucide's `fingerprint-pattern`.
pub const FINGERPRINT_PATTERN: &str = "\u{e2cb}";

/// Lucide's `flag`.
pub const FLAG: &str = "\u{e0d1}";

/// Lucide's `folder`.
pub const FOLDER: &str = "\u{e0d7}";

/// Lucide's `folder-open`.
pub const FOLDER_OPEN: &str = "\u{e247}";

/// Lucide's `folder-plus`.
pub const FOLDER_PLUS: &str = "\u{e0d9}";

/// Lucide's `folder-symlink`.
pub const FOLDER_SYMLINK: &str = "\u{e33b}";

/// Lucide's `folder-tree`.
pub const FOLDER_TREE: &str = "\u{e33c}";

/// Lucide's `folder-x`.
pub const FOLDER_X: &str = "\u{e33e}";

/// Lucide's `fold-vertical`.
pub const FOLD_VERTICAL: &str = "\u{e43c}";

/// Lucide's `funnel`.
pub const FUNNEL: &str = "\u{e0dc}";

/// Lucide's `funnel-x`.
pub const FUNNEL_X: &str = "\u{e3b5}";

/// Lucide's `git-branch`.
pub const GIT_BRANCH: &str = "\u{e0e2}";

/// Lucide's `git-commit-horizontal`.
pub const GIT_COMMIT_HORIZONTAL: &str = "\u{e0e3}";

/// Lucide's `git-compare`.
pub const GIT_COMPARE: &str = "\u{e359}";

/// Lucide's `globe`.
pub const GLOBE: &str = "\u{e0e8}";

/// Lucide's `hard-drive`.
pub const HARD_DRIVE: &str = "\u{e0ed}";

/// Lucide's `hash`.
pub const HASH: &str = "\u{e0ef}";

/// Lucide's `history`.
pub const HISTORY: &str = "\u{e1f5}";

/// Lucide's `house`.
pub const HOUSE: &str = "\u{e0f5}";

/// Lucide's `id-card`.
pub const ID_CARD: &str = "\u{e617}";

/// Lucide's `info`.
pub const INFO: &str = "\u{e0f9}";

/// Lucide's `key`.
pub const KEY: &str = "\u{e0fd}";

/// Lucide's `keyboard`.
pub const KEYBOARD: &str = "\u{e284}";

/// Lucide's `key-round`.
pub const KEY_ROUND: &str = "\u{e4a3}";

/// Lucide's `layers`.
pub const LAYERS: &str = "\u{e529}";

/// Lucide's `link`.
pub const LINK: &str = "\u{e102}";

/// Lucide's `link-2`.
pub const LINK_2: &str = "\u{e103}";

/// Lucide's `list`.
pub const LIST: &str = "\u{e106}";

/// Lucide's `list-checks`.
pub const LIST_CHECKS: &str = "\u{e1d0}";

/// Lucide's `list-tree`.
pub const LIST_TREE: &str = "\u{e408}";

/// Lucide's `loader`.
pub const LOADER: &str = "\u{e109}";

/// Lucide's `loader-circle`.
pub const LOADER_CIRCLE: &str = "\u{e10a}";

/// Lucide's `lock`.
pub const LOCK: &str = "\u{e10b}";

/// Lucide's `lock-open`.
pub const LOCK_OPEN: &str = "\u{e10c}";

/// Lucide's `log-in`.
pub const LOG_IN: &str = "\u{e10d}";

/// Lucide's `log-out`.
pub const LOG_OUT: &str = "\u{e10e}";

/// Lucide's `maximize-2`.
pub const MAXIMIZE_2: &str = "\u{e113}";

/// Lucide's `menu`.
pub const MENU: &str = "\u{e115}";

/// Lucide's `minimize-2`.
pub const MINIMIZE_2: &str = "\u{e11b}";

/// Lucide's `minus`.
pub const MINUS: &str = "\u{e11c}";

/// Lucide's `monitor`.
pub const MONITOR: &str = "\u{e11d}";

/// Lucide's `moon`.
pub const MOON: &str = "\u{e11e}";

/// Lucide's `network`.
pub const NETWORK: &str = "\u{e125}";

/// Lucide's `octagon-x`.
pub const OCTAGON_X: &str = "\u{e128}";

/// Lucide's `package`.
pub const PACKAGE: &str = "\u{e129}";

/// Lucide's `package-check`.
pub const PACKAGE_CHECK: &str = "\u{e266}";

/// Lucide's `package-open`.
pub const PACKAGE_OPEN: &str = "\u{e2cc}";

/// Lucide's `package-plus`.
pub const PACKAGE_PLUS: &str = "\u{e268}";

/// Lucide's `package-x`.
pub const PACKAGE_X: &str = "\u{e26a}";

/// Lucide's `panel-bottom`.
pub const PANEL_BOTTOM: &str = "\u{e42c}";

/// Lucide's `panel-left`.
pub const PANEL_LEFT: &str = "\u{e12a}";

/// Lucide's `panel-right`.
pub const PANEL_RIGHT: &str = "\u{e431}";

/// Lucide's `paperclip`.
pub const PAPERCLIP: &str = "\u{e12d}";

/// Lucide's `pause`.
pub const PAUSE: &str = "\u{e12e}";

/// Lucide's `pencil`.
pub const PENCIL: &str = "\u{e1f9}";

/// Lucide's `pen-line`.
pub const PEN_LINE: &str = "\u{e130}";

/// Lucide's `pin`.
pub const PIN: &str = "\u{e259}";

/// Lucide's `pin-off`.
pub const PIN_OFF: &str = "\u{e2b6}";

/// Lucide's `play`.
pub const PLAY: &str = "\u{e13c}";

/// Lucide's `plus`.
pub const PLUS: &str = "\u{e13d}";

/// Lucide's `redo-2`.
pub const REDO_2: &str = "\u{e2a0}";

/// Lucide's `refresh-cw`.
pub const REFRESH_CW: &str = "\u{e145}";

/// Lucide's `rotate-ccw`.
pub const ROTATE_CCW: &str = "\u{e148}";

/// Lucide's `rotate-cw`.
pub const ROTATE_CW: &str = "\u{e149}";

/// Lucide's `save`.
pub const SAVE: &str = "\u{e14d}";

/// Lucide's `scale`.
pub const SCALE: &str = "\u{e212}";

/// Lucide's `scan-search`.
pub const SCAN_SEARCH: &str = "\u{e537}";

/// Lucide's `search`.
pub const SEARCH: &str = "\u{e151}";

/// Lucide's `search-x`.
pub const SEARCH_X: &str = "\u{e4ad}";

/// Lucide's `server`.
pub const SERVER: &str = "\u{e153}";

/// Lucide's `server-off`.
pub const SERVER_OFF: &str = "\u{e1ea}";

/// Lucide's `settings`.
pub const SETTINGS: &str = "\u{e154}";

/// Lucide's `shield`.
pub const SHIELD: &str = "\u{e158}";

/// Lucide's `shield-alert`.
pub const SHIELD_ALERT: &str = "\u{e1fe}";

/// Lucide's `shield-check`.
pub const SHIELD_CHECK: &str = "\u{e1ff}";

/// Lucide's `shield-off`.
pub const SHIELD_OFF: &str = "\u{e15a}";

/// Lucide's `shield-question-mark`.
pub const SHIELD_QUESTION_MARK: &str = "\u{e40e}";

/// Lucide's `shield-x`.
pub const SHIELD_X: &str = "\u{e200}";

/// Lucide's `ship`.
pub const SHIP: &str = "\u{e3ba}";

/// Lucide's `signature`.
pub const SIGNATURE: &str = "\u{e5f2}";

/// Lucide's `sliders-horizontal`.
pub const SLIDERS_HORIZONTAL: &str = "\u{e29a}";

/// Lucide's `square`.
pub const SQUARE: &str = "\u{e167}";

/// Lucide's `square-dashed`.
pub const SQUARE_DASHED: &str = "\u{e1cb}";

/// Lucide's `stamp`.
pub const STAMP: &str = "\u{e3bb}";

/// Lucide's `star`.
pub const STAR: &str = "\u{e176}";

/// Lucide's `sun`.
pub const SUN: &str = "\u{e178}";

/// Lucide's `sun-moon`.
pub const SUN_MOON: &str = "\u{e2b2}";

/// Lucide's `table`.
pub const TABLE: &str = "\u{e17d}";

/// Lucide's `tag`.
pub const TAG: &str = "\u{e17f}";

/// Lucide's `tags`.
pub const TAGS: &str = "\u{e35c}";

/// Lucide's `terminal`.
pub const TERMINAL: &str = "\u{e181}";

/// Lucide's `trash-2`.
pub const TRASH_2: &str = "\u{e18e}";

/// Lucide's `triangle-alert`.
pub const TRIANGLE_ALERT: &str = "\u{e193}";

/// Lucide's `undo-2`.
pub const UNDO_2: &str = "\u{e2a1}";

/// Lucide's `unfold-vertical`.
pub const UNFOLD_VERTICAL: &str = "\u{e43e}";

/// Lucide's `unlink`.
pub const UNLINK: &str = "\u{e19c}";

/// Lucide's `upload`.
pub const UPLOAD: &str = "\u{e19e}";

/// Lucide's `wifi`.
pub const WIFI: &str = "\u{e1ae}";

/// Lucide's `wifi-off`.
pub const WIFI_OFF: &str = "\u{e1af}";

/// Lucide's `wrap-text`.
pub const WRAP_TEXT: &str = "\u{e248}";

/// Lucide's `x`.
pub const X: &str = "\u{e1b2}";

/// Lucide's `zoom-in`.
pub const ZOOM_IN: &str = "\u{e1b6}";

/// Lucide's `zoom-out`.
pub const ZOOM_OUT: &str = "\u{e1b7}";
