/** A fluorescence slide on the command line: its channels, their picture, and models that are not for it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fluorescenceRefusal, isFluorescence } from '../segment/fluorescence.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import { planSegment } from './segment-plan.ts';
import { addSegmentCommand } from './segment.ts';
import { printedBy } from './segment-testing.ts';
import { addSlideCommand, openFromCommandLine } from './slide.ts';

const golden = join(import.meta.dirname, '../slide/golden/channels');
const slide = join(golden, 'six-channels.ome.tif');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-channels-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('lists channels, and writes them as --channels says', async () => {
  const { chosen } = JSON.parse(await readFile(join(golden, 'channels.json'), 'utf8')) as {
    chosen: { text: string; pixels: number[][] };
  };
  const png = join(folder, 'chosen.png');
  const words = ['slide', slide, '--png', png, '--channels', chosen.text, '--json'];
  const { channels } = JSON.parse(await printedBy(addSlideCommand, words)) as SlideMetadata;
  expect(channels?.map(({ name }) => name)).toContain('PanCK');
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  for (const [x = 0, y = 0, ...rgb] of chosen.pixels) {
    const at = 3 * (y * info.width + x);
    expect([...data.subarray(at, at + 3)]).toEqual(rgb);
  }
  expect(await printedBy(addSlideCommand, ['slide', slide])).toMatch(
    /channel 5 +Ki67, #ff00ff, 16 bits, automatic window, off\n/,
  );
});

it('says what is wrong with --channels', async () => {
  const png = join(folder, 'wrong.png');
  const run = (file: string, text: string): Promise<string> =>
    printedBy(addSlideCommand, ['slide', file, '--png', png, '--channels', text]);
  await expect(run(slide, '7')).rejects.toThrow(/six-channels.*no channel 7.*1 to 6/);
  const brightfield = join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs');
  await expect(run(brightfield, '1')).rejects.toThrow(/no separate channels/);
});

it('is not segmented by a model that is not for fluorescence', async () => {
  const words = ['segment', slide, '--model', 'nano-add', '--out', join(folder, 'out'), '--backend', 'cpu'];
  await expect(printedBy(addSegmentCommand, words)).rejects.toThrow(
    /^six-channels.*Fluorescence slide.*--force/,
  );
});

it('is refused in a cohort without a word of --force for the cohort', async () => {
  const call = { model: 'nano-add', out: folder, quality: 'fast', glass: 'include' } as const;
  const opened = await openFromCommandLine([slide]);
  await expect(planSegment(opened, { ...call, misfitRemedy: 'Leave it out.' })).rejects.toThrow(
    /^six-channels.*Fluorescence slide; model trained on [^.]* only\. Leave it out\.$/,
  );
  opened.close();
});

it('is suspected on stderr where a picture says nothing but has a dark background', async () => {
  const call = { model: 'nano-add', out: folder, mpp: 4, quality: 'fast', glass: 'include' } as const;
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const saidOf = async (name: string, background: string): Promise<string> => {
    const path = join(folder, name);
    const spot = { create: { width: 20, height: 20, channels: 3, background: '#1030f0' } } as const;
    await sharp({ create: { width: 200, height: 200, channels: 3, background } })
      .composite([{ input: await sharp(spot).png().toBuffer() }])
      .png()
      .toFile(path);
    const opened = await openFromCommandLine([path]);
    written.mockClear();
    await planSegment(opened, call);
    opened.close();
    return written.mock.calls.map(([text]) => String(text)).join('');
  };
  try {
    expect(await saidOf('dark.png', '#040404')).toMatch(
      /^dualscope: dark\.png: nano-add may not fit\. Dark background, as in fluorescence; model trained on/,
    );
    expect(await saidOf('light.png', '#f0f0f0')).toBe('');
  } finally {
    written.mockRestore();
  }
});

it('is known by channels, by its stain, or by the wavelengths of its filters', () => {
  const is = (properties: Record<string, string>): boolean => isFluorescence({ properties });
  expect(is({ Stain: 'DAPI' })).toBe(true);
  expect(is({ EmissionWaveLength: '455', ExcitationWaveLength: '387' })).toBe(true);
  expect(is({ EmissionWaveLength: '0', ExcitationWaveLength: '0' })).toBe(false);
  const grey = { name: '', colour: [255, 255, 255], on: true, bits: 16, window: null } as const;
  expect(isFluorescence({ properties: {}, channels: [grey] })).toBe(false);
  expect(isFluorescence({ properties: {}, channels: [grey, grey] })).toBe(true);
  expect(is({ Stain: 'H&E', Comment: 'no DAPI here' })).toBe(false);
  expect(fluorescenceRefusal({ specimen: { organ: 'tonsil', stain: 'fluorescence' } })).toBeNull();
});
