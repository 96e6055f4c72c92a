//! The files of the sample image, `assets/sample/layout`. Written by `assets/sample/make`: change that, not this.

/// What the image is called in its layout.
pub(super) const NAME: &str = "1.0";

/// Path in the layout and content, in the order in which they are written.
#[rustfmt::skip] // one file a line
pub(super) const FILES: [(&str, &[u8]); 14] = [
    ("blobs/sha256/2573e7a42ba3f071f55932110dafb0f6e07c96869d448193df9dd8c7e172da5c", include_bytes!("../../../assets/sample/layout/blobs/sha256/2573e7a42ba3f071f55932110dafb0f6e07c96869d448193df9dd8c7e172da5c")),
    ("blobs/sha256/3454a38e4b337cc33c3d06bc6c947cc50cdac9dd8b2be784335c4f4278b25388", include_bytes!("../../../assets/sample/layout/blobs/sha256/3454a38e4b337cc33c3d06bc6c947cc50cdac9dd8b2be784335c4f4278b25388")),
    ("blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", include_bytes!("../../../assets/sample/layout/blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")),
    ("blobs/sha256/4dbae789566f7322e15e0ca3e0fcdcf170838007c0e10ff7ea5f210de0cae9ed", include_bytes!("../../../assets/sample/layout/blobs/sha256/4dbae789566f7322e15e0ca3e0fcdcf170838007c0e10ff7ea5f210de0cae9ed")),
    ("blobs/sha256/56503b9fb0f26600c3f650e3ef2596b4e57b0784f26e9706596a173e895f6d49", include_bytes!("../../../assets/sample/layout/blobs/sha256/56503b9fb0f26600c3f650e3ef2596b4e57b0784f26e9706596a173e895f6d49")),
    ("blobs/sha256/6cb65e02b3f1ce5ba6f3e2a98591f152e9de59e8e2d5ef9bc8a7d100b1bc3e91", include_bytes!("../../../assets/sample/layout/blobs/sha256/6cb65e02b3f1ce5ba6f3e2a98591f152e9de59e8e2d5ef9bc8a7d100b1bc3e91")),
    ("blobs/sha256/70e7d55de7fd63bf0da20945574c50c51134523dada6ecd2e487d66debbd8a45", include_bytes!("../../../assets/sample/layout/blobs/sha256/70e7d55de7fd63bf0da20945574c50c51134523dada6ecd2e487d66debbd8a45")),
    ("blobs/sha256/73ee0162e10a2456b466615452c4ef9472c1a1f3f5f3ec92ac880ac322ddfc2e", include_bytes!("../../../assets/sample/layout/blobs/sha256/73ee0162e10a2456b466615452c4ef9472c1a1f3f5f3ec92ac880ac322ddfc2e")),
    ("blobs/sha256/b69b89888c8da39fd33ceb00a5dc564dda92e51ca268d782597925c1ee7470b5", include_bytes!("../../../assets/sample/layout/blobs/sha256/b69b89888c8da39fd33ceb00a5dc564dda92e51ca268d782597925c1ee7470b5")),
    ("blobs/sha256/b81eca78c62962dac1c1705966001c4a4853791eaafd7b6c3f56c2e425845837", include_bytes!("../../../assets/sample/layout/blobs/sha256/b81eca78c62962dac1c1705966001c4a4853791eaafd7b6c3f56c2e425845837")),
    ("blobs/sha256/cd32552a4400a1a69ffeca7df17a912694466d460a1c30bf990dc599a81e44ec", include_bytes!("../../../assets/sample/layout/blobs/sha256/cd32552a4400a1a69ffeca7df17a912694466d460a1c30bf990dc599a81e44ec")),
    ("blobs/sha256/d6b080dea1a68ef3c351df3b899c55759c6f56a0265a5b6763680a1b73ec72ae", include_bytes!("../../../assets/sample/layout/blobs/sha256/d6b080dea1a68ef3c351df3b899c55759c6f56a0265a5b6763680a1b73ec72ae")),
    ("oci-layout", include_bytes!("../../../assets/sample/layout/oci-layout")),
    ("index.json", include_bytes!("../../../assets/sample/layout/index.json")),
];
