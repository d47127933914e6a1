import { expect, it } from 'vitest';
import { slideId, slideName } from './slide-id.ts';

it('names a slide by the last part of its path or address', () => {
  expect(slideName('/data/a.b/CMU 1.svs')).toBe('CMU 1.svs');
  expect(slideName('series/')).toBe('series');
  expect(slideName('https://example.org/x/CMU%201.svs?sig=/a/b')).toBe('CMU 1.svs');
  expect(slideName('https://example.org/x/%E0%A4%A')).toBe('%E0%A4%A');
});

it('makes ids that are safe as file names and differ for different locations', async () => {
  const places = [
    'a/CMU 1.svs',
    'b/CMU 1.svs',
    'CMU 1.tif',
    '../../etc/passwd',
    '.hidden',
    'ü.svs',
    '$(rm x).svs',
  ];
  const ids = await Promise.all(places.map(slideId));
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*-[0-9a-f]{8}$/);
  expect(new Set(ids).size).toBe(places.length);
  // printf 'a/CMU 1.svs' | sha256sum
  expect(ids[0]).toBe('CMU-1-8b4e7035');
});
