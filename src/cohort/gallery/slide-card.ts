/** A slide of the gallery: picture, areas, remarks, links; and how its figures are formatted. */
import { urlPath } from '../../base/url-path.ts';
import { markup, safeColour, type Markup } from '../../evaluation/report/markup.ts';
import type { CohortRow, RowStatus } from '../cohort-row.ts';
import type { SlideFigures } from '../outcome.ts';
import type { CohortPlan } from '../request.ts';
import { isUrl } from '../slide-id.ts';

const statusWords: Readonly<Record<RowStatus, string>> = {
  done: 'Done',
  partial: 'In part',
  failed: 'Failed',
  stopped: 'Stopped',
  unfinished: 'Not finished',
};

/** An item of the gallery. */
export function slideCard(plan: CohortPlan, row: CohortRow, figures: SlideFigures): Markup {
  return markup`<li class="slide ${row.status}" ${keys(plan, row)}>
${picture(row, figures)}
<div class="about">
<h3 title="${row.source}">${row.name}</h3>
${row.status === 'done' ? null : markup`<p class="status">${statusWords[row.status]}</p>`}
${row.error === null ? null : markup`<p class="error">${row.error}</p>`}
${shares(plan, figures)}
${measures(figures)}
${row.flags.length === 0 ? null : markup`<ul class="flags">${row.flags.map(({ text }) => markup`<li>${text}</li>`)}</ul>`}
${links(plan, row)}
</div>
</li>
`;
}

/** A slide without a map, on a line of its own. */
export function troubleLine(plan: CohortPlan, row: CohortRow): Markup {
  return markup`<li class="trouble ${row.status}" ${keys(plan, row)}>
<h3 title="${row.source}">${row.name}</h3>
<p class="status">${statusWords[row.status]}</p>
<p class="error">${row.error}</p>
${links(plan, row)}
</li>
`;
}

/** The keys for filtering and sorting. */
function keys({ model }: CohortPlan, { name, status, flags, figures }: CohortRow): Markup {
  const state = status !== 'done' ? 'open' : flags.length > 0 ? 'flagged' : 'clean';
  const tissue = figures?.tissueMm2 ?? 0;
  const sure = figures?.confidence?.mean ?? 2;
  const percents = model.classes.map(({ name: each }) => areaOf(figures, each)?.percentOfTissue ?? 0);
  return markup`data-name="${name.toLowerCase()}" data-state="${state}" data-tissue="${tissue}" data-sure="${sure}" data-shares="${percents.join(' ')}"`;
}

function picture({ id, name }: CohortRow, { thumbnail, files }: SlideFigures): Markup {
  const large = files.find((file) => file.endsWith('.preview.png')) ?? thumbnail.file;
  return markup`<a class="picture" href="${path(id, large)}"><img src="${path(id, thumbnail.file)}" width="${thumbnail.width}" height="${thumbnail.height}" loading="lazy" decoding="async" alt="${name} with its class map overlaid"></a>`;
}

/** Areas of the classes, and a bar of their shares of the segmented tissue. */
function shares({ model }: CohortPlan, figures: SlideFigures): Markup {
  const shown = model.classes.flatMap(({ name, colour, background }) => {
    const found = areaOf(figures, name);
    return background || found === null ? [] : [{ ...found, colour: safeColour(colour) }];
  });
  const whole = figures.segmentedMm2;
  let from = 0;
  const parts = shown.flatMap(({ areaMm2, colour }) => {
    const part = { x: from, width: whole === 0 ? 0 : (100 * areaMm2) / whole, colour };
    from += part.width;
    return part.width > 0 ? [part] : [];
  });
  return markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="4"/>${parts.map(
    ({ x, width, colour }) =>
      markup`<rect x="${x.toFixed(3)}" width="${width.toFixed(3)}" height="4" fill="${colour}"/>`,
  )}</svg>
<table><caption>Areas</caption><thead><tr><th scope="col">class</th><th scope="col">mm²</th><th scope="col">% of tissue</th></tr></thead><tbody>
${shown.map(
  ({ class: name, areaMm2, percentOfTissue, colour }) =>
    markup`<tr><th scope="row"><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" fill="${colour}"/></svg>${name}</th><td>${area(areaMm2)}</td><td>${decimals(percentOfTissue, 1)}</td></tr>
`,
)}</tbody></table>`;
}

function measures({ tissueMm2, confidence, seconds }: SlideFigures): Markup {
  const facts: readonly (readonly [string, string])[] = [
    ['tissue', tissueMm2 === null ? 'not detected' : `${area(tissueMm2)} mm²`],
    ['confidence', confidence === null ? '–' : decimals(confidence.mean, 2)],
    ['time', elapsedTime(seconds)],
  ];
  return markup`<dl class="facts">${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function links(plan: CohortPlan, row: CohortRow): Markup {
  const link = appLink(plan, row);
  const geoJson = row.figures?.files.find((file) => file.endsWith('.geojson'));
  const open =
    link === null
      ? markup`<details><summary>How to open</summary><p>Start the app (<code>npm start</code>), open <a href="${emptyAppLink(plan)}" target="_blank" rel="noopener">its page</a> and drop this file on it:</p><p><code>${row.source}</code></p></details>`
      : markup`<a class="open" href="${link}" target="_blank" rel="noopener">Open in Dualscope</a>`;
  return markup`<div class="ways">${open}${
    geoJson === undefined ? null : markup`<a href="${path(row.id, geoJson)}">Polygons</a>`
  }<a href="../logs/${row.id}.log">Log</a></div>`;
}

const areaOf = (figures: SlideFigures | null, name: string) =>
  figures?.areas.find((each) => each.class === name) ?? null;

/** A slide's file, as seen from the gallery's pages. */
function path(id: string, file: string): string {
  return urlPath(`../slides/${id}/${file}`);
}

/**
 * The app's address with slide and model. null for a file on disk in a folder that no server serves: a page
 * cannot open files by path, so the user drops it on the app.
 */
export function appLink(
  { app, slidesUrl, model }: Pick<CohortPlan, 'app' | 'slidesUrl' | 'model'>,
  { source, place }: Pick<CohortRow, 'source' | 'place'>,
): string | null {
  const slide = isUrl(source) ? source : servedAt(slidesUrl, place);
  if (slide === null) return null;
  const address = new URL(app);
  address.searchParams.set('slide', slide);
  address.searchParams.set('model', model.id);
  return address.href;
}

/** The app without a slide, with the model chosen. */
function emptyAppLink({ app, model }: Pick<CohortPlan, 'app' | 'model'>): string {
  const address = new URL(app);
  address.searchParams.set('slide', 'none');
  address.searchParams.set('model', model.id);
  return address.href;
}

function servedAt(slidesUrl: string | null, place: string | null): string | null {
  if (slidesUrl === null || place === null || place.startsWith('/') || place.split('/').includes('..'))
    return null;
  const folder = slidesUrl.endsWith('/') ? slidesUrl : `${slidesUrl}/`;
  return new URL(urlPath(place), folder).href;
}

/** With the given number of decimals, thousands separated. */
export function decimals(value: number, digits: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** mm², with decimals to suit the size. */
export function area(mm2: number): string {
  return decimals(mm2, mm2 >= 100 ? 0 : mm2 >= 10 ? 1 : 2);
}

/** A time such as `42 s` or `3 min 5 s`. */
export function elapsedTime(seconds: number): string {
  if (seconds < 10) return `${decimals(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
