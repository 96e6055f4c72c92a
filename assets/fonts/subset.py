"""Cuts the bundled fonts down to what a developer tool shows; run by `assets/fonts/make`.

subset.py SOURCES ASSETS ICONS_RS
    SOURCES     folder with the unpacked npm packages `inter-ui`, `jetbrains-mono` and `lucide-static`
    ASSETS      the folder to write the fonts and their licences to; `icons.txt` is read from it
    ICONS_RS    the Rust file to write, with one constant an icon
"""

import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

# Inclusive ranges. What a font has no glyph for is left out without a word.
TEXT_RANGES = [
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x024F),  # Latin-1, Latin Extended-A and -B
    (0x02B0, 0x02DD),  # modifier letters
    (0x0300, 0x036F),  # combining marks: names from images hold decomposed letters too
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Latin Extended Additional (Vietnamese)
    (0x2000, 0x209F),  # punctuation, super- and subscripts
    (0x20A0, 0x20C0),  # currency
    (0x2100, 0x214F),  # letterlike
    (0x2150, 0x218B),  # fractions, Roman numerals
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics
    (0x2300, 0x23FF),  # keys and other technical signs
    (0x2400, 0x2426),  # pictures of control characters
    (0x2460, 0x2473),  # circled numbers
    (0x2500, 0x25FF),  # box drawing, blocks, geometric shapes
    (0x2605, 0x2606),  # stars
    (0x2713, 0x2718),  # check marks and crosses
    (0x27E6, 0x27EB),  # mathematical brackets
    (0xFFFD, 0xFFFD),  # the replacement character
]

# Kerning and marks only. Contextual alternates and ligatures stay out on purpose: they would draw `->`, `!=` or
# `www` as something else than the characters that are there.
FEATURES = ["kern", "mark", "mkmk", "ccmp"]

# Inter's capital height and line, in em: an icon is centred on a capital letter and makes a line no taller.
CAPITAL_HEIGHT = 1490 / 2048
ASCENT = 1984 / 2048
DESCENT = 494 / 2048

ICONS_HEAD = """\
//! The icons of the bundled icon font, `assets/fonts/lucide-subset.ttf`: a part of Lucide
//! (<https://lucide.dev>), under the ISC licence, some of it MIT (`assets/fonts/LICENSE-lucide.txt`).
//!
//! Written by `assets/fonts/make` from `assets/fonts/icons.txt`: change that list, not this file.
//! Each constant is one character of the Unicode private use area: it means something only in the font that the
//! theme loads, so a widget that shows nothing else than an icon needs an accessible name of its own.
"""


def options(features):
    chosen = subset.Options()
    chosen.layout_features = features
    chosen.hinting = False
    chosen.desubroutinize = True
    chosen.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    chosen.name_languages = [0x409]
    chosen.drop_tables += ["DSIG", "GDEF"] if not features else ["DSIG"]
    chosen.glyph_names = False
    chosen.notdef_outline = True
    chosen.recalc_timestamp = False  # the same input gives the same bytes
    return chosen


def cut(font, unicodes, features):
    subsetter = subset.Subsetter(options(features))
    subsetter.populate(unicodes=unicodes)
    subsetter.subset(font)


def save(font, path):
    font.flavor = None
    font.save(path)
    print(f"{path.name}: {len(font.getBestCmap())} characters, {path.stat().st_size // 1024} KiB")


def use_tabular_figures(font):
    """Makes digits of one width the plain ones: columns of sizes line up without any feature being asked for."""
    (tnum,) = {
        index
        for record in font["GSUB"].table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
    }
    single = {}
    for table in font["GSUB"].table.LookupList.Lookup[tnum].SubTable:
        single.update(getattr(table, "ExtSubTable", table).mapping)
    plain = font.getBestCmap()
    tabular = {code: single[plain[code]] for code in range(ord("0"), ord("9") + 1)}
    for cmap in font["cmap"].tables:
        cmap.cmap.update({code: glyph for code, glyph in tabular.items() if code in cmap.cmap})


def text_font(source, target, tabular=False):
    font = TTFont(source, recalcTimestamp=False)
    if tabular:
        use_tabular_figures(font)
    cut(font, [code for first, last in TEXT_RANGES for code in range(first, last + 1)], FEATURES)
    save(font, target)


def centre_on_capitals(font):
    """Moves the icons, which stand on the base line, so that their middle is that of a capital letter."""
    em = font["head"].unitsPerEm
    down = round(em / 2 - em * CAPITAL_HEIGHT / 2)
    glyphs = font.getGlyphSet()
    moved = {}
    for name in font.getGlyphOrder():
        recording = DecomposingRecordingPen(glyphs)
        glyphs[name].draw(recording)
        pen = TTGlyphPen(None)
        recording.replay(TransformPen(pen, (1, 0, 0, 1, 0, -down)))
        moved[name] = pen.glyph()
    for name, glyph in moved.items():
        font["glyf"][name] = glyph
        glyph.recalcBounds(font["glyf"])
        # Lucide's own bearings are all 0, which pushes a narrow icon to the left edge in renderers that honour them.
        width, _ = font["hmtx"][name]
        font["hmtx"][name] = (width, getattr(glyph, "xMin", 0))
    hhea, os2 = font["hhea"], font["OS/2"]
    hhea.ascent, hhea.descent, hhea.lineGap = round(em * ASCENT), -round(em * DESCENT), 0
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = hhea.ascent, hhea.descent, 0
    os2.usWinAscent, os2.usWinDescent = hhea.ascent, -hhea.descent


def icon_names(path):
    lines = (line.strip() for line in path.read_text().splitlines())
    return sorted(line for line in lines if line and not line.startswith("#"))


def icon_font(package, names, target):
    """Writes the icon font and answers each icon's code point."""
    codes = json.loads((package / "font/codepoints.json").read_text())
    unknown = [name for name in names if name not in codes]
    if unknown:
        sys.exit(f"subset.py: Lucide has no icon called {', '.join(unknown)}")
    chosen = {name: codes[name] for name in names}
    if len(set(chosen.values())) != len(names):
        sys.exit("subset.py: icons.txt names one icon twice")
    font = TTFont(package / "font/lucide.ttf", recalcTimestamp=False)
    cut(font, list(chosen.values()), [])
    centre_on_capitals(font)
    save(font, target)
    return chosen


def rust_constants(chosen):
    lines = [ICONS_HEAD]
    for name, code in sorted(chosen.items(), key=lambda item: constant(item[0])):
        lines.append(f'/// Lucide\'s `{name}`.\npub const {constant(name)}: &str = "\\u{{{code:x}}}";\n')
    return "\n".join(lines)


def constant(name):
    return name.upper().replace("-", "_")


def main(sources, assets, icons_rs):
    inter, mono, lucide = sources / "inter-ui", sources / "jetbrains-mono", sources / "lucide-static"
    for weight in ["Regular", "SemiBold"]:
        text_font(inter / f"web/Inter-{weight}.woff2", assets / f"Inter-{weight}.ttf", tabular=True)
    text_font(mono / "fonts/webfonts/JetBrainsMono-Regular.woff2", assets / "JetBrainsMono-Regular.ttf")
    chosen = icon_font(lucide, icon_names(assets / "icons.txt"), assets / "lucide-subset.ttf")
    icons_rs.write_text(rust_constants(chosen))

    # The same licence for both type faces, each with the copyright line that the font itself carries.
    _, licence = (inter / "LICENSE.txt").read_text().split("\n", 1)
    for face in ["Inter-Regular", "JetBrainsMono-Regular"]:
        copyright_line = TTFont(assets / f"{face}.ttf")["name"].getDebugName(0)
        (assets / f"LICENSE-{face.split('-')[0]}.txt").write_text(f"{copyright_line}\n{licence}")
    (assets / "LICENSE-lucide.txt").write_text((lucide / "LICENSE").read_text())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*(Path(argument) for argument in sys.argv[1:]))
