/** Ranks commands by how well they match typed text. Pure. */

/**
 * How well `title` matches the letters of `query` in order; null if it does not. Higher is better: letters that
 * start words count most, then consecutive letters.
 */
export function fit(query: string, title: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const text = title.toLowerCase();
  let score = 0;
  let at = 0;
  let previous = -2;
  for (const letter of wanted) {
    const found = nextMatch(text, letter, at, previous);
    if (found < 0) return null;
    const startsWord = found === 0 || /[^a-z0-9]/.test(text[found - 1] ?? '');
    score += startsWord ? 3 : found === previous + 1 ? 2 : 0;
    previous = found;
    at = found + 1;
  }
  // Break ties in favour of shorter titles.
  return score - title.length / 1000;
}

/** Position of the next `letter`: right after the previous one, else at the start of a word, else anywhere. */
function nextMatch(text: string, letter: string, from: number, previous: number): number {
  if (text[previous + 1] === letter && previous >= 0) return previous + 1;
  for (let at = from; at < text.length; at++) {
    const startsWord = at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '');
    if (text[at] === letter && startsWord) return at;
  }
  return text.indexOf(letter, from);
}

/** The items whose title matches, best first; for an empty query all, in their order. */
export function rank<Item extends { readonly title: string }>(query: string, items: readonly Item[]): Item[] {
  if (query.trim() === '') return [...items];
  return items
    .flatMap((item) => {
      const score = fit(query, item.title);
      return score === null ? [] : [{ item, score }];
    })
    .sort((one, other) => other.score - one.score)
    .map(({ item }) => item);
}
