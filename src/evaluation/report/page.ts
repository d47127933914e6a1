/**
 * The frame of every report: one self-contained HTML file, legible in light and dark mode and in print. Greys have no
 * tint; colour is reserved for classes and curves.
 */
import { markup, Markup } from './markup.ts';

/** Name and value. */
export type FactRows = readonly (readonly [string, string])[];

export interface ReportSection {
  readonly title: string;
  /** What readers should know, in one or two sentences. */
  readonly note?: string;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** Shown in a box at the top: what the figures do not mean. */
  readonly notice: string;
  /** The figures that matter most, shown large. */
  readonly headline: FactRows;
  readonly sections: readonly ReportSection[];
  /** Last line: the program and date of the report. */
  readonly footer: string;
}

/** The page as one string. It loads and runs nothing, as its Content-Security-Policy enforces. */
export function reportPage({ title, subtitle, notice, headline, sections, footer }: Page): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p class="subtitle">${subtitle}</p>
<p class="notice">${notice}</p>
<dl class="headline">
${headline.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>
</header>
${sections.map(
  (section) => markup`<section>
<h2>${section.title}</h2>
${section.note === undefined ? null : markup`<p class="note">${section.note}</p>`}
${section.body}
</section>
`,
)}<footer>${footer}</footer>
</main>
</body>
</html>
`.text;
}

/** Names and values as a list in two columns. */
export function factList(facts: FactRows): Markup {
  return markup`<dl class="facts">${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A cell: text left-aligned, figures right-aligned. */
export type Cell = string | Markup;

/**
 * A table whose first column is text, the others figures. It scrolls where it is wider than the page.
 * @param caption read aloud, not shown.
 * @param words columns of text that may wrap, counted from 0.
 */
export function table(
  caption: string,
  header: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  words: readonly number[] = [],
): Markup {
  const kind = (column: number): Markup | null => (words.includes(column) ? markup` class="words"` : null);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${header.map((cell, i) => markup`<th scope="col"${kind(i)}>${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ([first = '', ...rest]) =>
    markup`<tr><th scope="row">${first}</th>${rest.map((cell, i) => markup`<td${kind(i + 1)}>${cell}</td>`)}</tr>
`,
)}</tbody>
</table></div>`;
}

/** The look of a report. Greys have no tint; colour is reserved for classes and curves. */
const reportStyle = `
:root {
  --ground: #ffffff; --raised: #f5f5f5; --line: #d4d4d4; --text: #1a1a1a; --faint: #575757;
  --first: #0b5fcc; --second: #b3500b; --heat: #0b5fcc; --notice: #6b4500;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #1b1b1b; --raised: #262626; --line: #444444; --text: #ebebeb; --faint: #ababab;
    --first: #5aa9ff; --second: #f2a15c; --heat: #3f8fe8; --notice: #f2b63c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 24px 24px 40px; }
h1 { font-size: 22px; line-height: 1.25; margin: 0; }
h2 { font-size: 16px; margin: 32px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 14px; margin: 0 0 4px; }
p { margin: 4px 0; max-width: 80ch; }
.subtitle, .note, footer, figcaption { color: var(--faint); }
.note { margin-bottom: 10px; }
.notice { color: var(--notice); font-weight: 600; }
.headline { display: flex; flex-wrap: wrap; gap: 12px 36px; margin: 20px 0 0; }
.headline dt { color: var(--faint); font-size: 12px; }
.headline dd { margin: 0; font-size: 24px; line-height: 1.2; }
.facts { columns: 2 360px; column-gap: 40px; margin: 0; }
.facts div { display: flex; gap: 12px; justify-content: space-between; break-inside: avoid; padding: 3px 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--faint); }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; }
table { border-collapse: collapse; }
th, td { padding: 4px 8px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:last-child, td:last-child { padding-right: 2px; }
.words { text-align: left; white-space: normal; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--faint); font-weight: 600; vertical-align: bottom; white-space: normal; line-height: 1.25; }
tbody th { font-weight: 400; }
td.heat { background: color-mix(in srgb, var(--heat) var(--share), transparent); }
td.right { box-shadow: inset 0 0 0 1px var(--faint); }
.side-by-side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 24px 32px; align-items: start; }
.side-by-side > * { min-width: 0; }
figure { margin: 0; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif; fill: var(--faint); }
svg .name { fill: var(--text); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--faint); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .band { opacity: 0.22; stroke: none; }
svg .mark { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 2 3; }
.swatch { display: inline-block; width: 11px; height: 11px; margin-right: 7px; border: 1px solid var(--faint); border-radius: 2px; vertical-align: -1px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px; padding: 0; list-style: none; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 20px 28px; }
.examples .pictures { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 6px; }
.examples .pictures div { font-size: 12px; color: var(--faint); }
.examples img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border: 1px solid var(--line); background: var(--raised); image-rendering: auto; }
.examples .pictures .classes img { image-rendering: pixelated; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--faint); }
details[open] summary { margin-bottom: 8px; }
footer { margin-top: 32px; padding-top: 12px; border-top: 1px solid var(--line); font-size: 12px; }
@media print {
  :root {
    --ground: #ffffff; --raised: #f5f5f5; --line: #c4c4c4; --text: #000000; --faint: #444444;
    --first: #0b5fcc; --second: #b3500b; --heat: #0b5fcc; --notice: #000000;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; margin-top: 20px; }
  tr, .examples figure { break-inside: avoid; }
  .scroll { overflow: visible; }
  .side-by-side { grid-template-columns: 1fr 1fr; }
  th, td { padding: 3px 5px; }
}
`;
