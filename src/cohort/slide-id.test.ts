import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { slideId, slideIds, slideName } from './slide-id.ts';

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
  const ids = await Promise.all(places.map((place) => slideId(place)));
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*-[0-9a-f]{24}$/);
  expect(new Set(ids).size).toBe(places.length);
  // printf 'a/CMU 1.svs' | sha256sum
  expect(ids[0]).toMatch(/^CMU-1-8b4e7035/);
});

it('has ids of 96 bits, so that slides which shared 32 have their own', async () => {
  const [one, other] = await collidingPlaces();
  expect(await slideId(one, 8)).toBe(await slideId(other, 8));
  const ids = await slideIds([one, other], []);
  expect(new Set(ids).size).toBe(2);
});

it('keeps the ids of an earlier plan, unless two slides shared one', async () => {
  const earlier = async (place: string, source = `/data/${place}`) => ({
    id: await slideId(place, 8),
    source,
    place,
  });
  const url = 'https://example.org/u.svs';
  const plan = [await earlier('a.svs'), { ...(await earlier(url, url)), place: null }];
  const ids = await slideIds(['a.svs', 'new.svs', url], plan);
  expect(ids.map((id) => id.length)).toEqual([10, 28, 10]);
  // The id alone proves nothing: it must be this slide's.
  const foreign = [{ ...(await earlier('a.svs')), place: 'other/a.svs' }];
  expect((await slideIds(['a.svs'], foreign))[0]).toHaveLength(26);
  const [one, other] = await collidingPlaces();
  const shared = await slideIds([one, other], [await earlier(one), await earlier(other)]);
  expect(shared).toEqual([await slideId(one), await slideId(other)]);
  // The same id again and again, as after several plans of this version.
  expect(await slideIds(['a.svs'], [{ id: ids[0]!, source: '/data/a.svs', place: 'a.svs' }])).toEqual([
    ids[0],
  ]);
});

it('names two slides with one id', async () => {
  await expect(slideIds(['a/b.svs', 'a/b.svs'], [])).rejects.toThrow(
    /^"a\/b\.svs" and "a\/b\.svs" share the id b-[0-9a-f]{24}\. Rename one of them\.$/,
  );
});

/** Two places whose ids of 32 bits are the same. */
async function collidingPlaces(): Promise<readonly [string, string]> {
  const seen = new Map<string, string>();
  for (let i = 0; ; i++) {
    const place = `${i}/a.svs`;
    const hash = createHash('sha256').update(place).digest('hex').slice(0, 8);
    const other = seen.get(hash);
    if (other !== undefined) return [other, place];
    seen.set(hash, place);
  }
}
