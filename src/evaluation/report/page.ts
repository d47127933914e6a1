/** The frame of every report: one self-contained HTML file, legible in light and dark mode and in print. */
import { markup, Markup } from './markup.ts';
import { reportStyle } from './style.ts';

/** Name and value. */
export type Facts = readonly (readonly [string, string])[];

export interface Section {
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
  readonly headline: Facts;
  readonly sections: readonly Section[];
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
export function factList(facts: Facts): Markup {
  return markup`<dl class="facts">${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A cell: text left-aligned, figures right-aligned. */
export type TableCell = string | Markup;

/**
 * A table whose first column is text, the others figures. It scrolls where it is wider than the page.
 * @param caption read aloud, not shown.
 * @param words columns of text that may wrap, counted from 0.
 */
export function table(
  caption: string,
  header: readonly TableCell[],
  rows: readonly (readonly TableCell[])[],
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
