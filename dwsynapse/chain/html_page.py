"""One self-contained HTML page from headline numbers, figures and tables; every text is escaped here.

The page asks nothing of the network: style, images and script are part of it, and a policy in its head forbids the
rest, other scripts included.
"""

import base64
import dataclasses
import hashlib
import re
from collections.abc import Sequence
from html import escape
from string import Template

from dwcore.errors import InputError
from dwsynapse.chain import explorer

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fact:
    """One headline number: what it is, its value as text, and a line that explains it."""

    label: str
    value: str
    note: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with a text, a table, or both; each row has one text per column."""

    heading: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self):
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise InputError(f'section "{self.heading}": row {wrong[0]} must have {len(self.columns)} entries')


def notes_section(of: str, notes: Sequence[str]) -> list[Section]:
    """Return the section that says where a device strains the model, none where it does not; `of` is its name."""
    if not notes:
        return []
    text = f"The wall of the {of} is not in all points the one that the model takes it for."
    rows = tuple((str(note),) for note in notes)
    return [Section(heading=f"Where the {of} strains the model", text=text, columns=("Note",), rows=rows)]


def render(
    title: str,
    introduction: str,
    *,
    facts: Sequence[Fact] = (),
    figures: Sequence[tuple[str, bytes]] = (),
    sections: Sequence[Section] = (),
    choices: Sequence[dict] = (),
) -> str:
    """Make the page.

    Args:
        title: title and first heading.
        introduction: first paragraph.
        facts: headline numbers, the two most important ones first.
        figures: caption and PNG bytes of each; the first sentence of a caption is its heading.
        sections: tables and texts after the figures.
        choices: devices whose pulses the reader can choose, as `dwsynapse.chain.explorer.explore` returns them.

    Raises:
        InputError: a figure is not a PNG.
    """
    parts = [f'<section aria-label="Headline numbers"><dl class="facts">{"".join(map(_fact, facts))}</dl></section>']
    policy = ""
    if choices:
        script = explorer.script()
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        policy = f"; script-src 'sha256-{digest}'"
        parts.append(_CHOOSE.substitute(data=explorer.as_text(list(choices)), script=script))
    if figures:
        body = "".join(_figure(number, *figure) for number, figure in enumerate(figures, 1))
        parts.append(f"<section><h2>Figures</h2>{body}</section>")
    parts += map(_section, sections)
    texts = {"title": escape(title), "introduction": escape(introduction)}
    return _PAGE.substitute(texts, policy=policy, style=_STYLE, body="\n".join(parts))


def _fact(fact: Fact) -> str:
    note = f'<dd class="note">{escape(fact.note)}</dd>' if fact.note else ""
    return f'<div><dt>{escape(fact.label)}</dt><dd class="value">{escape(fact.value)}</dd>{note}</div>\n'


def _figure(number: int, caption: str, png: bytes) -> str:
    if not png.startswith(_PNG):
        raise InputError(f"figure {number} must be the content of a PNG file")
    head, *rest = re.split(r"(?<=\.)\s+", caption.strip(), maxsplit=1)
    text = f"<b>Figure {number}. {escape(head)}</b> {escape(' '.join(rest))}"
    image = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img alt="{escape(head)}" src="data:image/png;base64,{image}">'
        f"<figcaption>{text}</figcaption></figure>\n"
    )


def _section(section: Section) -> str:
    text = f"<p>{escape(section.text)}</p>" if section.text else ""
    return f"<section><h2>{escape(section.heading)}</h2>{text}{_table(section)}</section>"


def _table(section: Section) -> str:
    if not section.columns:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>\n" for row in section.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<main>
<h1>$title</h1>
<p class="introduction">$introduction</p>
$body
</main>
</body>
</html>
""")

_CHOOSE = Template("""\
<section><h2>Choose a pulse</h2>
<p>All of this was simulated beforehand. The sliders choose among it; arrow keys move them.</p>
<div id="explorer"><p>This part needs scripts, which are switched off here. The figures below need none.</p></div>
<script type="application/json" id="explorer-data">$data</script>
<script>$script</script>
</section>
""")

# Figures are drawn on white, so in the dark they keep a white card; paper gets the light colours.
_STYLE = """\
:root { color-scheme: light dark;
  --page: #ffffff; --ink: #1d1f23; --soft: #565b64; --line: #d9dce1; --card: #f5f6f8;
  --shade: #e6e8ec; --mark: #0072b2; --first: #d55e00; --middle: var(--ink); }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #15171b; --ink: #e7e9ed; --soft: #a4abb6; --line: #363b44; --card: #1f2329;
    --shade: #2c323b; --mark: #6bb6e6; --first: #ff9a4d; --middle: var(--page); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 932px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 40px 0 12px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
p { margin: 0 0 12px; max-width: 56em; }
.introduction { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(205px, 1fr)); gap: 12px; margin: 20px 0 0; }
.facts > div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.facts dt { color: var(--soft); font-size: 0.85rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts .value { font-size: 1.15rem; font-weight: 600; line-height: 1.35; }
.facts .note { color: var(--soft); font-size: 0.85rem; line-height: 1.35; }
@media (min-width: 640px) {
  .facts > div:nth-child(-n+2) { grid-column: span 2; }
  .facts > div:nth-child(-n+2) .value { font-size: 1.9rem; }
}
figure { margin: 0 0 32px; }
figure img { display: block; width: 100%; height: auto; background: #ffffff; padding: 8px;
  border: 1px solid var(--line); border-radius: 8px; }
figcaption { margin-top: 8px; max-width: 56em; font-size: 0.95rem; color: var(--soft); }
figcaption b { color: var(--ink); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px; text-align: right; border-bottom: 1px solid var(--line); }
th { vertical-align: bottom; font-weight: 600; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.controls { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 8px 20px;
  position: sticky; top: 0; z-index: 1; background: var(--page); padding: 8px 0; border-bottom: 1px solid var(--line); }
.control { display: grid; grid-template-columns: auto 1fr; gap: 0 8px; font-size: 0.92rem; }
.control[hidden] { display: none; }
.control label { color: var(--soft); }
.control output { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
.control input { grid-column: span 2; width: 100%; height: 28px; margin: 0; accent-color: var(--mark); }
#explorer [role=status] { min-height: 4.5em; margin: 12px 0; }
#explorer svg { display: block; font-size: 12px; fill: var(--ink); }
#explorer .axes line, #explorer .axes rect { stroke: var(--soft); fill: none; }
#explorer .pulse { fill: var(--shade); }
#explorer .state { stroke: var(--line); stroke-dasharray: 4 3; }
#explorer .note { fill: var(--soft); }
#explorer .wall { fill: none; stroke: var(--mark); stroke-opacity: 0.45; }
#explorer .first { stroke: var(--first); stroke-opacity: 1; stroke-width: 1.6; }
#explorer .band { fill: var(--mark); fill-opacity: 0.25; }
#explorer .cell { fill: var(--mark); stroke: var(--line); }
#explorer .middle { fill: var(--middle); }
#explorer .strong { fill: var(--page); }
#explorer .chosen { fill: none; stroke: var(--first); stroke-width: 2; }
@media (min-width: 760px) {
  #explorer .matrix, #explorer .train { display: inline-block; width: calc(50% - 8px); vertical-align: top; }
  #explorer .train { margin-left: 12px; }
}
@media print {
  .controls { position: static; }
  html { font-size: 9pt; }
  .facts { grid-template-columns: repeat(4, 1fr); }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  figure, tr, .facts > div { break-inside: avoid; }
  .wide { overflow: visible; }
}
"""
