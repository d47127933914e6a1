/** The toolbar above the slides: search, filter, order. */
import { markup, type Markup } from '../../evaluation/report/markup.ts';
import type { CohortRow } from '../cohort-row.ts';
import type { CohortPlan } from '../request.ts';

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
