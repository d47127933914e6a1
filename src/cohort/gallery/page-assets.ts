/**
 * Style and script of the gallery's pages. Greys have no tint; colour is reserved for classes and for what needs
 * attention. The script shows, hides and sorts existing elements, and builds nothing from text.
 */
export const galleryStyle = `
:root {
  --ground: #ffffff; --raised: #f5f5f5; --line: #d4d4d4; --control: #868686; --text: #1a1a1a; --faint: #575757;
  --accent: #0b5fcc; --on-accent: #ffffff; --warning: #6b4500; --warning-ground: #fdf3dc; --error: #b3261e; --glass: #ebebeb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #1b1b1b; --raised: #262626; --line: #444444; --control: #7c7c7c; --text: #ebebeb; --faint: #ababab;
    --accent: #5aa9ff; --on-accent: #10161d; --warning: #f2b63c; --warning-ground: #3a2f17; --error: #ff8a7a; --glass: #303030;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.4 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer, .toolbar { padding-inline: 24px; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 16px 48px; padding-block: 20px 16px; }
.heading { flex: 1 1 480px; max-width: 120ch; }
h1 { font-size: 22px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
p { margin: 4px 0; }
a { color: var(--accent); }
.subtitle, footer, dt, caption { color: var(--faint); }
.hash, code { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 12px; }
.notice { color: var(--warning); }
.headline { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 0; }
.headline dt { font-size: 12px; }
.headline dd { margin: 0; font-size: 22px; line-height: 1.2; }
.toolbar {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 24px; padding-block: 8px; position: sticky; top: 0; z-index: 1;
  background: var(--raised); border-block: 1px solid var(--line);
}
.toolbar label { display: inline-flex; align-items: center; gap: 8px; color: var(--faint); }
.toolbar input[type=search], .toolbar select {
  font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--control); border-radius: 4px; padding: 4px 8px; height: 32px;
}
fieldset { display: flex; border: 0; padding: 0; margin: 0; }
legend, .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.toolbar .choice { gap: 0; }
.choice input { position: absolute; opacity: 0; }
.choice span { display: block; padding: 0 12px; line-height: 30px; border: 1px solid var(--control); margin-left: -1px; color: var(--text); background: var(--ground); cursor: pointer; }
.choice span { white-space: nowrap; }
.choice small { color: var(--faint); margin-left: 4px; font-size: inherit; }
.choice:first-of-type span { border-radius: 4px 0 0 4px; }
.choice:last-of-type span { border-radius: 0 4px 4px 0; }
.choice input:checked + span, .choice input:checked + span small { background: var(--accent); color: var(--on-accent); }
.choice input:checked + span { border-color: var(--accent); }
:focus-visible, .choice input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
output { color: var(--faint); }
.swatch { width: 11px; height: 11px; margin-right: 7px; border: 1px solid var(--faint); vertical-align: -1px; }
.slides { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); gap: 20px; margin: 0; padding: 0; list-style: none; }
.slide { display: flex; flex-direction: column; min-width: 0; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); overflow: hidden; content-visibility: auto; contain-intrinsic-size: auto 430px; }
.picture { position: relative; aspect-ratio: 4 / 3; background: var(--glass); border-bottom: 1px solid var(--line); }
.picture:focus-visible { outline-offset: -3px; }
.picture img { position: absolute; width: 100%; height: 100%; object-fit: contain; }
.about { display: flex; flex: 1; flex-direction: column; gap: 8px; padding: 12px 14px; }
.about p { margin: 0; }
h2 { font-size: 16px; margin: 16px 0 8px; }
h3 { font-size: 15px; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
main { padding-top: 20px; }
#open { margin-bottom: 24px; }
#open h2 { margin-top: 0; }
#open > p { color: var(--faint); }
.troubles { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.trouble { display: grid; grid-template-columns: minmax(160px, 1.2fr) 100px 4fr 190px; gap: 4px 20px; padding: 8px 0; border-bottom: 1px solid var(--line); }
.trouble p { margin: 0; }
.trouble .ways { margin: 0; padding: 0; }
.trouble .ways:has(details[open]) { grid-column: 3 / -1; }
.status { font-weight: 600; color: var(--error); }
.partial .status, .unfinished .status, .stopped .status { color: var(--warning); }
.error { overflow-wrap: anywhere; }
.bar { display: block; width: 100%; height: 8px; border-radius: 2px; }
.bar .rest { fill: var(--line); }
table { border-collapse: collapse; width: 100%; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: 1px 0; text-align: right; font-weight: 400; }
th:first-child { text-align: left; overflow-wrap: anywhere; }
thead th { font-size: 12px; color: var(--faint); }
td, thead th + th { padding-left: 12px; white-space: nowrap; }
.facts { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 14px; margin: 0; padding-top: 8px; border-top: 1px solid var(--line); }
.facts dt { font-size: 12px; }
.facts dd { margin: 0; }
.flags { margin: 0; padding: 6px 10px; list-style: none; border-radius: 4px; color: var(--warning); background: var(--warning-ground); font-size: 13px; }
.ways { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 16px; margin-top: auto; padding-top: 2px; }
.ways details[open] { flex-basis: 100%; }
summary { cursor: pointer; color: var(--accent); }
details p { margin-top: 4px; overflow-wrap: anywhere; }
.nothing { color: var(--faint); padding: 32px 0; }
footer { margin-top: 28px; padding-block: 12px 28px; font-size: 13px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 12px; margin-bottom: 8px; font-size: 15px; }
nav [aria-current] { font-weight: 700; }
@media (max-width: 760px) {
  .trouble { grid-template-columns: 1fr auto; }
  .trouble .error, .trouble .ways { grid-column: 1 / -1; }
  .toolbar { position: static; }
  .choice span { padding: 0 7px; }
  .choice small { display: none; }
}
@media print {
  .toolbar, .ways { display: none; }
  .slide { break-inside: avoid; content-visibility: visible; }
}
`;

/** The script of the gallery: it shows, hides and sorts existing elements, and builds nothing from text. */
export const galleryScript = `'use strict';
(() => {
  const list = document.getElementById('slides');
  const bar = document.getElementById('toolbar');
  const find = document.getElementById('find');
  const order = document.getElementById('order');
  const open = document.getElementById('open');
  const cards = [...list.children];
  const lines = open ? [...open.querySelectorAll('li')] : [];
  const number = (slide, key) => Number(slide.dataset[key]);
  const share = (slide, index) => Number(slide.dataset.shares.split(' ')[index]);
  const byName = (a, b) => a.dataset.name.localeCompare(b.dataset.name, 'en', { numeric: true });
  const orders = {
    sure: (a, b) => number(a, 'sure') - number(b, 'sure'),
    tissue: (a, b) => number(b, 'tissue') - number(a, 'tissue'),
  };
  const update = () => {
    const word = find.value.trim().toLowerCase();
    const state = bar.querySelector('input[name=state]:checked').value;
    const index = order.value.startsWith('share-') ? Number(order.value.slice(6)) : null;
    const compare = index === null ? orders[order.value] : (a, b) => share(b, index) - share(a, index);
    list.append(...(compare ? [...cards].sort((a, b) => compare(a, b) || byName(a, b)) : cards));
    const matches = (slide) =>
      slide.dataset.name.includes(word) && (state === 'all' || slide.dataset.state === state);
    for (const slide of [...lines, ...cards]) slide.hidden = !matches(slide);
    const linesShown = lines.filter(matches).length;
    const shown = linesShown + cards.filter(matches).length;
    const all = lines.length + cards.length;
    if (open) open.hidden = linesShown === 0;
    document.getElementById('nothing').hidden = shown > 0;
    document.getElementById('shown').textContent = shown === all ? '' : shown + ' of ' + all + ' shown';
  };
  bar.addEventListener('input', update);
  bar.addEventListener('submit', (event) => event.preventDefault());
  bar.hidden = false;
  update();
})();
`;
