"""The pages of reports: HTML and its style, with places for `string.Template`; no external resources."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from string import Template

FIGURE = Template('<figure><img src="$source" alt="$name"><figcaption>$caption</figcaption></figure>')

VIDEO = Template(
    '<figure class="wide"><video src="$source" controls muted loop playsinline></video>'
    "<figcaption>The runs side by side, at the speed they happened. A lost leg disappears.</figcaption></figure>"
)

_SHELL = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  :root { --ink: #1c2026; --soft: #59626d; --line: #dfe3e8; --paper: #ffffff; --back: #f5f6f8; }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--back); color: var(--ink);
         font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
  main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
  .setting { margin: 0 0 10px; color: var(--soft); font-size: 14px; }
  h1 { margin: 0 0 14px; max-width: 36em; font-size: 30px; line-height: 1.25; font-weight: 650; text-wrap: balance; }
  h2 { margin: 44px 0 12px; font-size: 18px; font-weight: 650; }
  .detail { margin: 0 0 28px; max-width: 56em; color: var(--soft); font-size: 17px; }
  .pictures { display: grid; grid-template-columns: minmax(0, 9fr) minmax(0, 10fr); gap: 18px; }
  .column { display: grid; gap: 18px; align-content: start; }
  figure { margin: 0; padding: 16px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
  figure img, figure video { display: block; width: 100%; height: auto; border-radius: 4px; }
  figcaption { margin-top: 8px; color: var(--soft); font-size: 13.5px; line-height: 1.4; }
  .wide { margin-top: 18px; }
  .scroll { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
  table { width: 100%; border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
  th, td { padding: 9px 16px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th:first-child { text-align: left; }
  thead th { color: var(--soft); font-weight: 500; }
  tbody th { font-weight: 600; }
  tbody tr:last-child > * { border-bottom: 0; }
  .below { margin-top: 18px; align-items: start; }
  .below th, .below td { padding: 9px 12px; white-space: normal; }
  details { margin-top: 28px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
  summary { padding: 12px 16px; font-weight: 600; cursor: pointer; }
  pre { margin: 0; padding: 4px 16px 16px; overflow-x: auto; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }
  footer { margin-top: 28px; color: var(--soft); font-size: 13px; }
  @media (max-width: 860px) { .pictures { grid-template-columns: 1fr; } h1 { font-size: 24px; } }
  @media print { body { background: var(--paper); } figure, .scroll, details { break-inside: avoid; } }
</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")

RUN = Template("""  <p class="setting">$setting</p>
  <h1>$headline</h1>
  <p class="detail">$detail</p>
  <div class="pictures">
    <div class="column">$plan_view</div>
    <div class="column">$score $model_error</div>
  </div>
  $video
  <div class="wide">$diagnosis</div>
  <h2>Figures</h2>
  $phases
  <div class="pictures below">$tick_time $loops</div>
  <details open><summary>Settings</summary><pre>$settings</pre></details>
  <footer>$versions</footer>""")
"""The body of a run's report."""


def document(title: str, body: str) -> str:
    """Return a whole page; the body is HTML, the title plain text."""
    return _SHELL.substitute(title=html.escape(title), body=body)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of plain text: a heading row, then rows that begin with their name."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0])
    body = "".join(
        f"<tr><th>{html.escape(row[0])}</th>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows[1:]
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def data_uri(file: Path, kind: str = "image/png") -> str:
    """Return a file as the text that a page holds in place of a link to it."""
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode('ascii')}"
