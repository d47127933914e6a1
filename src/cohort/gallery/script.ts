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
