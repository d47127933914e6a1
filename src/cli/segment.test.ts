/** The whole command, with a network of random weights. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFile } from 'geotiff';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { addSegmentCommand } from './segment.ts';
import {
  differingFiles,
  printedBy,
  smallRegion as slide,
  writeSmallModel,
  writeSmallSlide,
} from './segment-testing.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-segment-'));
  await writeSmallModel(join(folder, 'model'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command's stdout, for the simplest grid: all slices, without overlap. */
function segment(...words: string[]): Promise<string> {
  return printedBy(addSegmentCommand, [
    'segment',
    '--quality',
    'fast',
    '--glass',
    'include',
    '--backend',
    'cpu',
    ...words,
  ]);
}

/** Class indices of a TIFF as geotiff.js reads them. */
async function indices(file: string): Promise<{ data: Uint8Array; width: number; height: number }> {
  const image = await (await fromFile(file)).getImage(0);
  const data = (await image.readRasters({ interleave: true })) as unknown as Uint8Array;
  return { data, width: image.getWidth(), height: image.getHeight() };
}

interface SegmentJson {
  slide: string;
  model: string;
  backend: string;
  slices: number;
  computed: number;
  seconds: number;
  areasMm2: Record<string, number>;
  segmentedMm2: number;
  tissueMm2: number;
  areas: { readonly percentOfTissue: number }[];
  files: string[];
}

it('writes maps and areas that are consistent with each other and with the slide', async () => {
  const out = join(folder, 'out');
  const model = join(folder, 'model');
  const result = JSON.parse(await segment(slide, '--model', model, '--out', out, '--json')) as SegmentJson;
  // 2220 × 2967 px of 0.499 µm: 1107.8 × 1480.5 µm, slices of 467 µm: 3 × 4 of them.
  expect(result).toMatchObject({
    slide: 'CMU-1-Small-Region.svs',
    model: 'test-model',
    backend: 'cpu',
    slices: 12,
    computed: 12,
    broken: 0,
  });
  const classes = await indices(result.files.find((file) => file.endsWith('.classes.tif'))!);
  // 467 / 48 = 9.729 µm a pixel: 113.9 × 152.2 pixels.
  expect(classes).toMatchObject({ width: 114, height: 153 });
  const counts = [0, 1, 2].map((value) => classes.data.filter((pixel) => pixel === value).length);
  // No pixel is unknown.
  expect(counts[0]! + counts[1]! + counts[2]!).toBe(114 * 153);
  const pixelMm2 = (467 / 48 / 1000) ** 2;
  expect(Object.keys(result.areasMm2)).toEqual(['class 1', 'class 2']);
  // Glass counts for no class: what is segmented of the whole slide is its tissue, up to pixels on its border.
  expect(result.areasMm2['class 1']).toBeLessThan(counts[1]! * pixelMm2 + 1e-9);
  expect(result.segmentedMm2).toBeLessThan(114 * 153 * pixelMm2 + 1e-9);
  expect(result.segmentedMm2 / result.tissueMm2).toBeCloseTo(1, 1);
  expect(result.areas.reduce((sum, { percentOfTissue }) => sum + percentOfTissue, 0)).toBeCloseTo(100, 6);
  for (const file of result.files) expect((await stat(file)).size).toBeGreaterThan(0);
  // No temporary files are left.
  expect((await readdir(out)).filter((name) => /\.(part|slices)$/.test(name))).toEqual([]);
});

it('rejects existing results with a remedy, and keeps them with --resume', async () => {
  const out = join(folder, 'out');
  const words = [slide, '--model', join(folder, 'model'), '--out', out];
  await expect(segment(...words)).rejects.toThrow(
    'Keep them with --resume, or replace them with --overwrite.',
  );
  const files = await readdir(out);
  const before = await Promise.all(files.map(async (name) => (await stat(join(out, name))).mtimeMs));
  expect(JSON.parse(await segment(...words, '--resume', '--json'))).toMatchObject({ slices: 12 });
  const after = await Promise.all(files.map(async (name) => (await stat(join(out, name))).mtimeMs));
  expect(after).toEqual(before);
  await expect(segment(...words, '--resume', '--overlap', '0.25')).rejects.toThrow(
    'have another slide, model, area or grid',
  );
  expect(JSON.parse(await segment(...words, '--overwrite', '--json'))).toMatchObject({ computed: 12 });
});

it('leaves the map unknown outside the given area', async () => {
  const model = join(folder, 'model');
  const words = ['--model', model, '--json', '--roi', '1000,1000,390,10'];
  const result = JSON.parse(await segment(slide, ...words, '--out', join(folder, 'roi'))) as SegmentJson;
  expect(result.slices).toBe(1);
  const { data, width } = await indices(result.files[0]!);
  // 19.497 level-0 pixels a map pixel: columns 51 to 71 of row 51.
  const known = [...data.keys()].filter((i) => data[i] !== 255);
  expect(known).toEqual(Array.from({ length: 21 }, (_value, i) => 51 * width + 51 + i));

  const polygon = {
    type: 'Feature',
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [1000, 1000],
          [1390, 1000],
          [1390, 1010],
          [1000, 1010],
          [1000, 1000],
        ],
      ],
    },
  };
  const file = join(folder, 'area.geojson');
  await writeFile(file, JSON.stringify(polygon));
  const drawn = ['--model', model, '--json', '--annotations', file, '--out', join(folder, 'drawn')];
  const inPolygon = JSON.parse(await segment(slide, ...drawn)) as SegmentJson;
  const inside = await indices(inPolygon.files[0]!);
  // Pixels with their centre inside: the centre of row 51 is at 1004.1, as is that of column 51.
  expect(inside.data.filter((value) => value !== 255).length).toBe(20);
  await expect(segment(slide, ...words, '--annotations', file, '--out', folder)).rejects.toThrow(
    'Give one of them.',
  );
});

it.each([
  ['fast', 144],
  // Overlapping slices blend to the same bytes with neighbours from an earlier run.
  ['standard', 169],
])(
  'resumes after a kill without losing slices (%s), with the same bytes',
  async (quality, slices) => {
    // Slices of 80 µm on a slide of 900 µm: 12 × 12 of them.
    const small = await writeSmallSlide(join(folder, `slide-${quality}`));
    const model = join(folder, `small-field-${quality}`);
    await cp(join(folder, 'model'), model, { recursive: true });
    const manifest = JSON.parse(await readFile(join(model, 'manifest.json'), 'utf8')) as {
      slice: { fieldUm: number };
    };
    manifest.slice.fieldUm = 80;
    await writeFile(join(model, 'manifest.json'), JSON.stringify(manifest));
    const words = (out: string): string[] => {
      const place = ['--out', join(folder, `${out}-${quality}`)];
      return [small, '--model', model, ...place, '--quality', quality, '--json'];
    };
    const journal = join(folder, `killed-${quality}`, 'small.test-model.slices');
    const command = join(import.meta.dirname, '../../bin/dualscope.mjs');
    const child = spawn(process.execPath, [command, 'segment', '--glass', 'include', ...words('killed')], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const sizeOf = (): Promise<number> =>
      stat(journal).then(
        ({ size }) => size,
        () => 0,
      );
    while (child.exitCode === null && (await sizeOf()) < 8_000) await new Promise((go) => setTimeout(go, 1));
    child.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    // As if the kill had come within a write.
    await appendFile(journal, Uint8Array.of(1, 0, 0, 0, 2, 0));

    await expect(segment(...words('killed'))).rejects.toThrow(/An unfinished run exists \(\d+ slices done\)/);
    const resumed = JSON.parse(await segment(...words('killed'), '--resume')) as SegmentJson;
    const whole = JSON.parse(await segment(...words('whole'))) as SegmentJson;
    expect(whole).toMatchObject({ slices, computed: slices });
    expect(resumed.slices).toBe(slices);
    expect(resumed.computed).toBeGreaterThan(0);
    expect(resumed.computed).toBeLessThan(slices);
    expect(await differingFiles(resumed, whole)).toEqual([]);
    // Most of it is the start of a process: seconds, more where the machine is busy.
  },
  240_000,
);

it('reports errors in one line', async () => {
  await expect(segment(slide, '--model', 'no-such-model', '--out', folder)).rejects.toThrow(
    'no-such-model: Unknown model.',
  );
  const words = ['--model', join(folder, 'model'), '--out', folder];
  await expect(segment(slide, ...words, '--roi', '9000,0,10,10')).rejects.toThrow(
    'Give an area on the slide',
  );
  await expect(segment(slide, ...words, '--annotations', 'none.geojson')).rejects.toThrow(
    "none.geojson: Can't be read. Check the path.",
  );
});

it('ends with an error when the slide is deleted, cut or replaced in mid-run, and goes on when it is back', async () => {
  const out = join(folder, 'mid-run');
  const copy = join(folder, 'mid-run.svs');
  const words = ['--model', join(folder, 'model'), '--out', out];
  const started = (): Promise<void> =>
    vi.waitFor(
      async () => expect((await stat(join(out, 'mid-run.test-model.slices'))).size).toBeGreaterThan(0),
      { interval: 5, timeout: 60_000 },
    );
  const changes: readonly (() => Promise<void>)[] = [
    () => rm(copy),
    () => truncate(copy, 700_000),
    // A valid slide of the same size with other pixels.
    async () => {
      const bytes = await readFile(slide);
      bytes.fill(0, 400_000, 420_000);
      await writeFile(copy, bytes);
    },
  ];
  for (const change of changes) {
    await cp(slide, copy);
    const ended = segment(copy, ...words).then(
      () => 'complete',
      (error: unknown) => String(error),
    );
    await started();
    await change();
    // Whichever part of the command notices first.
    expect(await ended).toMatch(/^SlideError: mid-run\.svs: The (file|slide) /);
    expect((await readdir(out)).filter((name) => !name.endsWith('.slices'))).toEqual([]);
    await rm(out, { recursive: true });
  }
  // Stopped again, put back, resumed: as if nothing had happened.
  await cp(slide, copy);
  const stopped = segment(copy, ...words).catch((error: unknown) => String(error));
  await started();
  await rm(copy);
  expect(await stopped).toMatch(/mid-run\.svs/);
  await cp(slide, copy);
  const resumed = JSON.parse(await segment(copy, ...words, '--resume', '--json')) as SegmentJson;
  expect(resumed.slices).toBe(12);
}, 240_000);

it.runIf(process.platform === 'linux')(
  'ends with a sentence where the folder cannot be created',
  async () => {
    const out = '/proc/dualscope/out';
    await expect(segment(slide, '--model', join(folder, 'model'), '--out', out)).rejects.toThrow(
      `${out}: The folder can't be created (ENOENT). Give another --out.`,
    );
  },
);

it('says that there is nothing to resume in an empty file of slices', async () => {
  const errors: string[] = [];
  const written = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => errors.push(String(text)) > 0);
  const out = join(folder, 'emptied');
  await mkdir(out);
  const path = join(out, 'CMU-1-Small-Region.test-model.slices');
  await writeFile(path, '');
  try {
    const words = ['--model', join(folder, 'model'), '--out', out, '--roi', '0,0,400,400', '--json'];
    const result = JSON.parse(await segment(slide, ...words, '--resume')) as SegmentJson;
    expect(result.computed).toBe(result.slices);
    expect(errors.join('')).toContain(`${path}: This file of slices is empty`);
  } finally {
    written.mockRestore();
  }
});

it('names an area that is off the slide, and the size of the slide', async () => {
  const words = [slide, '--model', join(folder, 'model'), '--out', join(folder, 'off')];
  for (const roi of ['2220,0,100,100', '0,2967,5,5', '-200,-200,100,100', '99999,99999,10,10']) {
    await expect(segment(...words, `--roi=${roi}`)).rejects.toThrow(
      'CMU-1-Small-Region.svs: The area is off the slide, which has 2220 × 2967 pixels.',
    );
  }
  await expect(stat(join(folder, 'off'))).rejects.toThrow('ENOENT');
});

it('counts options that exclude each other as wrong options', async () => {
  const words = [slide, '--model', join(folder, 'model'), '--out', join(folder, 'wrong')];
  await expect(segment(...words, '--roi', '0,0,9,9', '--annotations', 'a.xml')).rejects.toMatchObject({
    exitCode: 2,
  });
});

it('says in the result, and on stderr, that --mpp replaces what the slide states', async () => {
  const errors: string[] = [];
  const written = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => errors.push(String(text)) > 0);
  const roi = ['--roi', '0,0,400,400'];
  try {
    const words = [slide, '--model', join(folder, 'model'), '--json', ...roi];
    const result = JSON.parse(await segment(...words, '--out', join(folder, 'mpp'), '--mpp', '0.4')) as {
      mppNote?: string;
    };
    expect(result.mppNote).toMatch(
      /^The slide states 0\.499 µm per pixel \(.+\); --mpp 0\.4 is used instead\.$/,
    );
    expect(errors.join('')).toContain(`CMU-1-Small-Region.svs: ${result.mppNote}`);
    const same = JSON.parse(
      await segment(...words, '--out', join(folder, 'same'), '--mpp', '0.499'),
    ) as object;
    expect(same).not.toHaveProperty('mppNote');
  } finally {
    written.mockRestore();
  }
});

it('refuses to leave out a context that the model does not read', async () => {
  const call = segment(
    slide,
    '--model',
    join(folder, 'model'),
    '--out',
    join(folder, 'no'),
    '--without-context',
  );
  await expect(call).rejects.toThrow(/reads no context/);
});
