/** A cohort as browsable pages: one static, self-contained folder. */
import { markup, Markup } from '../../evaluation/report/markup.ts';
import type { CohortRow } from '../cohort-row.ts';
import type { CohortPlan } from '../request.ts';
import { galleryScript, galleryStyle } from './page-assets.ts';
import { decimals, slideCard, troubleLine } from './slide-card.ts';

/** Slides per page: as many as a browser shows without delay. */
const slidesPerPage = 500;

/**
 * @returns file names and their HTML, `index.html` first. Unfinished slides come first, then the others by
 * name; a cohort of more than 500 slides has several pages.
 */
export async function galleryPages(
  plan: CohortPlan,
  rows: readonly CohortRow[],
): Promise<ReadonlyMap<string, string>> {
  const sorted = [...rows].sort(
    (a, b) =>
      Number(a.status === 'done') - Number(b.status === 'done') ||
      a.name.localeCompare(b.name, 'en', { numeric: true }) ||
      (a.id < b.id ? -1 : 1),
  );
  const pages = Math.max(1, Math.ceil(sorted.length / slidesPerPage));
  const policy = await contentPolicy();
  return new Map(
    Array.from({ length: pages }, (_, page) => [
      pageName(page),
      pageHtml(plan, rows, sorted.slice(page * slidesPerPage, (page + 1) * slidesPerPage), {
        page,
        pages,
        policy,
      }),
    ]),
  );
}

function pageName(page: number): string {
  return page === 0 ? 'index.html' : `page-${page + 1}.html`;
}

/** Pictures from the folder, this style and this script; nothing else, wherever the page is stored. */
async function contentPolicy(): Promise<string> {
  const hash = async (text: string): Promise<string> => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
  };
  return [
    "default-src 'none'",
    // A page opened from disk has no origin, so 'self' alone is not enough.
    "img-src 'self' file:",
    `style-src ${await hash(galleryStyle)}`,
    `script-src ${await hash(galleryScript)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function pageHtml(
  plan: CohortPlan,
  rows: readonly CohortRow[],
  shown: readonly CohortRow[],
  { page, pages, policy }: { readonly page: number; readonly pages: number; readonly policy: string },
): string {
  const { title, model, version } = plan;
  const open = shown.filter(({ figures }) => figures === null);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}${pages > 1 ? ` (${page + 1} of ${pages})` : ''}</title>
<style>${new Markup(galleryStyle)}</style>
</head>
<body>
<header>
<div class="heading">
<h1>${title}</h1>
<p class="subtitle">${model.title} · model <span class="hash" title="SHA-256 ${model.hash}">${model.hash.slice(0, 12)}</span> · Dualscope ${version}</p>
<p class="notice"><strong>Research use only.</strong> ${model.intendedUse}</p>
</div>
${headline(rows)}
</header>
${toolbar(shown, model)}
<main>
${open.length === 0 ? null : markup`<section id="open"><h2>Not done</h2><ul class="troubles">${open.map((row) => troubleLine(plan, row))}</ul><p>The next run retries these.</p></section>`}
<section><h2 class="unseen">Slides</h2><ul class="slides" id="slides">
${shown.flatMap((row) => (row.figures === null ? [] : [slideCard(plan, row, row.figures)]))}</ul></section>
<p class="nothing" id="nothing" hidden>No slide matches.</p>
</main>
<footer>
${pages > 1 ? pageLinks(page, pages) : null}
<p>The same figures as a table: <a href="../cohort.csv">cohort.csv</a>, <a href="../cohort.json">cohort.json</a>. Areas in mm², per cent of the tissue of each slide. Confidence is how sure the model is, not how right.</p>
</footer>
<script>${new Markup(galleryScript)}</script>
</body>
</html>
`.text;
}

/** Counts and sums over the whole cohort. */
function headline(rows: readonly CohortRow[]): Markup {
  const count = (status: CohortRow['status']): number => rows.filter((row) => row.status === status).length;
  const tissue = rows.reduce((sum, { figures }) => sum + (figures?.tissueMm2 ?? 0), 0);
  const facts: (readonly [string, string] | null)[] = [
    ['slides', String(rows.length)],
    ['done', String(count('done'))],
    count('partial') > 0 ? ['in part', String(count('partial'))] : null,
    count('failed') > 0 ? ['failed', String(count('failed'))] : null,
    count('stopped') + count('unfinished') > 0
      ? ['not finished', String(count('stopped') + count('unfinished'))]
      : null,
    ['with remarks', String(rows.filter(({ flags }) => flags.length > 0).length)],
    ['tissue', `${decimals(tissue, 1)} mm²`],
  ];
  return markup`<dl class="headline">${facts
    .filter((fact) => fact !== null)
    .map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function pageLinks(page: number, pages: number): Markup {
  return markup`<nav aria-label="Pages">${Array.from({ length: pages }, (_, i) =>
    i === page
      ? markup`<span aria-current="page">${i + 1}</span>`
      : markup`<a href="${pageName(i)}">${i + 1}</a>`,
  )}</nav>`;
}

/** Hidden until the script runs: without it the controls do nothing. */
export function toolbar(rows: readonly CohortRow[], { classes }: CohortPlan['model']): Markup {
  const open = rows.filter(({ status }) => status !== 'done').length;
  const flagged = rows.filter(({ status, flags }) => status === 'done' && flags.length > 0).length;
  const filters = [
    { id: 'all', text: 'All', count: rows.length },
    { id: 'open', text: 'Not done', count: open },
    { id: 'flagged', text: 'With remarks', count: flagged },
    { id: 'clean', text: 'No remarks', count: rows.length - open - flagged },
  ];
  const orders = classes.flatMap(({ name, background }, i) =>
    background ? [] : [markup`<option value="share-${i}">most ${name}</option>`],
  );
  return markup`<form class="toolbar" id="toolbar" role="search" hidden>
<label>Find <input type="search" id="find" placeholder="part of a name" autocomplete="off"></label>
<fieldset><legend>Show</legend>${filters.map(
    ({ id, text, count }) =>
      markup`<label class="choice"><input type="radio" name="state" value="${id}"${id === 'all' ? markup` checked` : null}><span>${text} <small>${count}</small></span></label>`,
  )}</fieldset>
<label>Order <select id="order"><option value="given">by name</option><option value="sure">least confident</option><option value="tissue">most tissue</option>${orders}</select></label>
<output id="shown" aria-live="polite"></output>
</form>`;
}
