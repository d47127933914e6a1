import { expect, it } from 'vitest';
import { keepModels, modelsNotKept, type OfflineBrowser } from './kept-models.ts';

const later = {
  'models/a/weights-1-of-2.bin': 4_000_000,
  'models/a/weights-2-of-2.bin': 3_000_000,
  'models/b/weights-1-of-1.bin': 5_000_000,
};

function browser(kept: Set<string>, keeps: (url: string) => boolean = () => true): OfflineBrowser {
  return {
    isOffline: () => true,
    fetch: (url) => {
      if (url === './offline.json') return Promise.resolve(Response.json({ later }));
      if (!keeps(url)) return Promise.reject(new Error('offline'));
      kept.add(url);
      return Promise.resolve(new Response('weights'));
    },
    isKept: (url) => Promise.resolve(kept.has(url)),
  };
}

it('names the models that need the network, with their size, until they are kept', async () => {
  const kept = new Set(['models/a/weights-1-of-2.bin']);
  const page = browser(kept);
  const missing = await modelsNotKept(page);
  expect(missing).toMatchObject({ models: ['a', 'b'], bytes: 8_000_000 });
  const done: number[] = [];
  expect(await keepModels(page, missing!, (count) => done.push(count))).toBe(true);
  expect(done).toEqual([1, 2]);
  expect(await modelsNotKept(page)).toBeNull();
});

it('says so where some could not be kept, and goes on with the others', async () => {
  const page = browser(new Set(), (url) => !url.includes('/a/'));
  const missing = await modelsNotKept(page);
  expect(await keepModels(page, missing!, () => undefined)).toBe(false);
  expect((await modelsNotKept(page))?.models).toEqual(['a']);
});

it('says nothing where nothing is kept, or the build has no list', async () => {
  expect(await modelsNotKept({ ...browser(new Set()), isOffline: () => false })).toBeNull();
  const notFound = () => Promise.resolve(new Response('', { status: 404 }));
  expect(await modelsNotKept({ ...browser(new Set()), fetch: notFound })).toBeNull();
});
