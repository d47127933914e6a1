/** The README lists the licence of everything that ships. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { licencesIn, licencesOf, permissive } from './licences.mjs';

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [, section = ''] = /\n## Licence\n([\s\S]*)$/.exec(readme) ?? [];
const listed = [...section.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name ?? '');
const licences = licencesOf(root);

it('finds the packages that ship, on every system, and not those for tests', () => {
  const names = [...licences.values()].flat();
  expect(names).toEqual(
    expect.arrayContaining(['react', 'sharp', '@img/sharp-libvips-linux-x64', 'onnxruntime-node']),
  );
  expect(names).not.toContain('vitest');
});

it('lists every licence', () => {
  for (const id of new Set([...licences.keys()].flatMap(licencesIn))) expect(listed).toContain(id);
});

it('names every package that asks for more than its notice', () => {
  const isNamed = (name: string): boolean =>
    listed.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));
  for (const [licence, names] of licences) {
    if (licencesIn(licence).every((id) => permissive.includes(id))) continue;
    for (const name of names) expect([name, licence, isNamed(name)]).toEqual([name, licence, true]);
  }
});

it('lists no licence that nothing has', () => {
  const all = new Set([...licences.keys()].flatMap(licencesIn));
  const stated = listed.filter((name) => /^(0BSD|[A-Z][\w.]*-[\w.-]+|ISC|MIT)$/.test(name));
  expect(stated.filter((id) => !all.has(id))).toEqual([]);
});
