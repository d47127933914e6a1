/** Words that the review of the interface replaced stay away: in the page, the command line, reports and documents. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Not what was said instead: those are in the tests of what says them. */
const replaced: readonly (string | RegExp)[] = [
  /['">`]Images beside the slide/,
  'Labels may name the patient',
  'What is hidden has not been read',
  'This visit',
  'Stored as',
  'from ImageDescription',
  'Conf. ≥',
  /least confidence/i,
  "The model's own",
  'The model’s own',
  /['">`]Of tissue\b/,
  'What labels count as',
  /['">`]Left out['"<`]/,
  'Count only what lies inside',
  'What lies outside counts',
  'Only where both are known',
  'each cell is a share of its row',
  'Drawing of',
  /['">`]Every command['"<`]/,
  'No command of that name',
  'Shortcuts of a single letter',
  'Swipe: two layers',
  'Swipe: turn',
  'Link views',
  'Outline of ground truth over',
  'Read tiles again',
  'counts as glass',
  'Skip glass',
  'of glass skipped',
  'were there already',
  'of an earlier visit are shown',
  'Keep results for the next visit',
  'Delete stored results',
  'Neighbouring slices are blended',
  'Speed here',
  'known after the first run',
  /['">`]Besides\b/,
  'never trained on:',
  ', never trained on',
  'model has learnt',
  'the card says',
  'With the classes of',
  /<h[1-6]>Figures<|title="Figures"/,
  'The view when the report was made',
  'not a list of GeoJSON features',
  'Another tab keeps the results',
  'There is no model',
  'Reload the page; if it happens again',
  'What stays private',
  'As the theme',
  'Set and segment',
  'Join the ends',
];

function textFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:tsx?|mjs|md|css|html|svg)$/.test(name) || name.endsWith('manifest.json'))
    .map((name) => join(root, folder, name))
    .filter((path) => path !== import.meta.filename);
}

it('says nothing in the words that were replaced', () => {
  const paths = [
    // Decisions tell what was said then.
    ...['src', 'e2e', 'scripts', 'studies', 'models', 'workflow'].flatMap(textFiles),
    ...textFiles('docs').filter((path) => !path.includes('/decisions/')),
    join(root, 'README.md'),
  ];
  const found = paths.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    return replaced
      .filter((old) => (typeof old === 'string' ? text.includes(old) : old.test(text)))
      .map((old) => `${relative(root, path)}: ${String(old)}`);
  });
  expect(paths.length).toBeGreaterThan(500);
  expect(found).toEqual([]);
});
