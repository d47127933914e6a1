/** Mutants of what servers say about a slide: each opens or is refused with a SlideError. */
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { expectSound, mutantCount, mutatedJson } from '../../base/testing/mutants.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlideUrl } from '../open-slide-url.ts';
import { SlideError } from '../slide.ts';

const platform = nodePlatform();
const value = (vr: string, ...Value: unknown[]): unknown => ({ vr, Value });

const targets: [name: string, url: string, description: unknown][] = [
  [
    'IIIF',
    'https://a.example/info.json',
    {
      '@context': 'http://iiif.io/api/image/2/context.json',
      '@id': 'https://a.example/x',
      width: 300,
      height: 200,
      tiles: [{ width: 64, height: 64, scaleFactors: [1, 2, 4] }],
      profile: ['http://iiif.io/api/image/2/level2.json', { formats: ['jpg'] }],
    },
  ],
  [
    'Deep Zoom',
    'https://a.example/x.dzi',
    { Image: { Format: 'png', Overlap: '1', TileSize: '64', Size: { Width: '300', Height: '200' } } },
  ],
  [
    'DICOMweb',
    'https://a.example/studies/1/series/2',
    [
      {
        '00080008': value('CS', 'ORIGINAL', 'PRIMARY', 'VOLUME'),
        '00080018': value('UI', '1.2.3'),
        '00280010': value('US', 64),
        '00280011': value('US', 64),
        '00480006': value('UL', 300),
        '00480007': value('UL', 200),
        '00280008': value('IS', 20),
        '52009229': value('SQ', { '00289110': value('SQ', { '00280030': value('DS', 0.0005, 0.0005) }) }),
        '52009230': value('SQ', {
          '0048021A': value('SQ', { '0048021E': value('SL', 1), '0048021F': value('SL', 1) }),
        }),
        '00480105': value('SQ', { '00480112': value('DS', 20) }),
      },
    ],
  ],
];

const tile = new Uint8Array(
  await sharp({ create: { width: 64, height: 64, channels: 3, background: 'purple' } })
    .jpeg()
    .toBuffer(),
);

test.each(targets)(
  '%s',
  async (name, url, description) => {
    const counts = await expectSound({
      seed: name.length,
      count: mutantCount(0.05),
      make: (random) => JSON.stringify(mutatedJson(description, random)) ?? '',
      read: async (body) => {
        const answer = (input: RequestInfo | URL): Promise<Response> => {
          const asked = input instanceof Request ? input.url : input.toString();
          const isDescription = asked === url || asked.endsWith('/metadata');
          return Promise.resolve(
            isDescription
              ? new Response(body, { headers: { 'Content-Type': 'application/json' } })
              : // Where no tile is there, a slide is refused before its description is used.
                name === 'DICOMweb'
                ? new Response('none', { status: 404 })
                : new Response(tile, { headers: { 'Content-Type': 'image/jpeg' } }),
          );
        };
        const slide = await openSlideUrl(url, platform, { fetch: answer, retries: 0 });
        for (const level of slide.metadata.levels) {
          const sides = [level.width, level.height, level.tileWidth, level.tileHeight];
          expect(sides.every((side) => Number.isInteger(side) && side > 0)).toBe(true);
        }
        await slide.tile(0, 0, 0);
      },
      isTyped: (error) => error instanceof SlideError && error.remedy !== '',
      describe: (body) => body.slice(0, 3000),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(0);
  },
  900_000,
);
