/** Ground truth, figures, annotations, and everything that can be taken away, as a reader would do it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Download, Page, TestInfo } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { rasterise } from '../src/annotation/rasterise.ts';
import type { Affine } from '../src/app/viewer/affine.ts';
import { readAnnotationFile } from '../src/annotation/read-annotation-file.ts';
import { readAnnotations } from '../src/annotation/read-annotations.ts';
import { phantomSlide } from './fixtures/phantom.ts';
import {
  dropFile,
  finishedSlices,
  openFile,
  segmentWholeSlide,
  settledPixels,
  viewTransform,
} from './fixtures/workbench.ts';

const classNames = ['normal', 'benign', 'in situ', 'invasive'];

/** The slide is open and the backend has started. */
async function isReady(page: Page): Promise<void> {
  await expect(page.getByTestId('slide-name')).toHaveText(/\.(tif|svs)$/);
  await expect(page.getByTestId('backend')).toBeVisible();
}

/** Does something that saves files; their paths, in the order in which they come. */
async function saved(page: Page, info: TestInfo, count: number, act: () => Promise<void>): Promise<string[]> {
  const downloads: Download[] = [];
  const all = new Promise<void>((resolve) => {
    page.on('download', (download) => {
      downloads.push(download);
      if (downloads.length === count) resolve();
    });
  });
  await act();
  await all;
  page.removeAllListeners('download');
  const paths: string[] = [];
  for (const download of downloads) {
    const path = info.outputPath(download.suggestedFilename());
    await download.saveAs(path);
    paths.push(path);
  }
  return paths;
}

/**
 * Answers the file dialog that `act` opens. The test's browser hands dialogs over only from when it has been told to,
 * which a key press would overtake: so it is told and asked for an answer first.
 */
async function choose(page: Page, act: () => Promise<void>, path: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.evaluate(() => null);
  await act();
  await (await chooser).setFiles(path);
}

function rounded({ a, b, c, d, e, f }: Affine): string[] {
  return [a, b, c, d, e, f].map((value) => value.toFixed(1));
}

interface FiguresFile {
  readonly notice: string;
  readonly areas: readonly { readonly name: string; readonly pixels: number; readonly mm2: number }[];
  readonly comparison: { readonly miou: number; readonly accuracy: number; readonly confusion: number[][] };
}

test('from truth to files: figures as worked out from the mask, exports that give the same map back', async ({
  page,
}, info) => {
  const phantom = await phantomSlide(301, 2.4, 1.9);
  await page.goto('/?slide=none&model=nano-single');
  await openFile(page, phantom.slidePath);
  await segmentWholeSlide(page, 60_000);

  const xml = phantom.slidePath.replace(/\.tif$/, '.xml');
  // ImageScope's XML, dropped on the page.
  await dropFile(page, 'phantom.xml', readFileSync(xml, 'utf8'));
  await expect(page.getByTestId('confusion')).toBeVisible();
  const [jsonPath] = await saved(page, info, 1, () =>
    page.getByTestId('command-export.figures-json').click(),
  );
  const figures = JSON.parse(readFileSync(jsonPath!, 'utf8')) as FiguresFile;
  expect(figures.notice).toBe('Research use only. Not for diagnosis.');

  // The same figures from the class map and the phantom's own mask.
  const slices = await finishedSlices(page);
  const { width, height } = await sharp(phantom.slidePath).metadata();
  const confusion = classNames.map(() => classNames.map(() => 0));
  for (const { rect, size, classes } of slices) {
    for (let i = 0; i < classes.length; i++) {
      const x = rect.x + (((i % size) + 0.5) * rect.width) / size;
      const y = rect.y + ((Math.floor(i / size) + 0.5) * rect.height) / size;
      if (x < width && y < height) confusion[phantom.truthAt(x, y)]![classes[i]!]! += 1;
    }
  }
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  figures.comparison.confusion.flat().forEach((count, cell) => {
    // The mask is coarser than the outlines: pixels along borders may differ.
    expect(Math.abs(count - confusion.flat()[cell]!) / all).toBeLessThan(0.005);
  });
  const iou = classNames.map((_name, label) => {
    const own = confusion[label]!;
    const union =
      own.reduce((a, b) => a + b, 0) + confusion.reduce((a, row) => a + row[label]!, 0) - own[label]!;
    return union === 0 ? null : own[label]! / union;
  });
  const known = iou.filter((value) => value !== null);
  expect(figures.comparison.miou).toBeCloseTo(known.reduce((a, b) => a + b, 0) / known.length, 1);
  await expect(page.getByTestId('comparison')).toContainText(figures.comparison.miou.toFixed(2));
  const pixels = slices.flatMap(({ classes }) => [...classes]);
  expect(figures.areas[3]!.pixels).toBeLessThanOrEqual(pixels.filter((value) => value === 3).length);

  // Polygons for QuPath, read back.
  const [geojson] = await saved(page, info, 1, () => page.keyboard.press('Control+e'));
  const text = readFileSync(geojson!, 'utf8');
  const { features } = JSON.parse(text) as {
    features: { properties: { objectType: string; classification: { name: string; color: number[] } } }[];
  };
  expect(features.length).toBeGreaterThan(0);
  for (const { properties } of features) {
    expect(properties.objectType).toBe('annotation');
    expect(properties.classification.color).toHaveLength(3);
  }
  const areas = readAnnotations(text, 'a').regions.map(({ label, outer, holes }) => ({
    classIndex: classNames.indexOf(label),
    outer,
    holes,
  }));
  let same = 0;
  let compared = 0;
  for (const { rect, size, classes } of slices) {
    const back = rasterise(areas, rect, size, size);
    for (let i = 0; i < classes.length; i++) {
      const x = rect.x + (((i % size) + 0.5) * rect.width) / size;
      const y = rect.y + ((Math.floor(i / size) + 0.5) * rect.height) / size;
      if (x >= width || y >= height) continue;
      compared += 1;
      if (back[i] === classes[i]) same += 1;
    }
  }
  expect(same / compared).toBeGreaterThanOrEqual(0.99);

  // The class map as TIFF: its colours are those of the classes.
  const [tiff] = await saved(page, info, 1, () => page.getByTestId('command-export.class-map').click());
  const map = await sharp(tiff).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const [first] = slices;
  const scale = first!.rect.width / first!.size;
  expect(map.info.width).toBe(Math.ceil(width / scale));
  const colours = new Map<string, number>();
  let wrong = 0;
  for (const { rect, size, classes } of slices) {
    for (let i = 0; i < classes.length; i += 7) {
      const x = Math.round(rect.x / scale) + (i % size);
      const y = Math.round(rect.y / scale) + Math.floor(i / size);
      if (x >= map.info.width || y >= map.info.height) continue;
      const at = 3 * (y * map.info.width + x);
      const colour = `${map.data[at]!},${map.data[at + 1]!},${map.data[at + 2]!}`;
      if (!colours.has(colour)) colours.set(colour, classes[i]!);
      if (colours.get(colour) !== classes[i]) wrong += 1;
    }
  }
  expect(wrong).toBe(0);

  // CSV: a row per class; the picture: the pane with a legend below it.
  const csvs = await saved(page, info, 2, () => page.getByTestId('command-export.figures-csv').click());
  expect(readFileSync(csvs[0]!, 'utf8').trim().split('\r\n')).toHaveLength(5);
  expect(readFileSync(csvs[1]!, 'utf8')).toContain(',predicted in situ,');
  const [png] = await saved(page, info, 1, () => page.getByTestId('command-export.picture').click());
  const picture = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const pane = (await page.getByTestId('pane-A').boundingBox())!;
  expect(picture.info.width).toBe(Math.round(pane.width));
  expect(picture.info.height).toBe(Math.round(pane.height + 44));
  const { a, e, f } = await viewTransform(page);
  const inside =
    3 * (Math.round(f + (height * a) / 2) * picture.info.width + Math.round(e + (width * a) / 2));
  expect([...picture.data.subarray(inside, inside + 3)]).not.toEqual([255, 255, 255]);
});

test('annotations: drawn by mouse and by keyboard, edited, undone, kept, exported, used as truth', async ({
  page,
}, info) => {
  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=nano-single');
  await isReady(page);
  await page.getByTestId('command-panel.annotations').click();
  await page.getByTestId('annotation-class').selectOption('invasive');
  const view = (await page.getByTestId('view-A').boundingBox())!;
  const at = (x: number, y: number): [number, number] => [view.x + view.width * x, view.y + view.height * y];

  // A polygon by mouse, its corners where the mouse was.
  await page.keyboard.press('Alt+G');
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.42],
    [0.55, 0.6],
  ] as const) {
    await page.mouse.click(...at(x, y));
    // Two clicks in one place and moment would be a double click.
    await page.waitForTimeout(350);
  }
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(1);

  // A rectangle by keyboard alone.
  await page.keyboard.press('Alt+B');
  for (const key of [
    'ArrowRight',
    ' ',
    'ArrowRight',
    'ArrowRight',
    'ArrowDown',
    'ArrowDown',
    'ArrowDown',
    ' ',
  ]) {
    await page.keyboard.press(key);
  }
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(2);

  // Freehand by dragging: the slide stays where it is.
  const before = await viewTransform(page);
  await page.keyboard.press('Alt+W');
  await page.mouse.move(...at(0.3, 0.5));
  await page.mouse.down();
  for (let i = 1; i <= 24; i++) {
    await page.mouse.move(...at(0.25 + 0.05 * Math.cos(i / 4), 0.5 + 0.06 * Math.sin(i / 4)));
  }
  await page.mouse.up();
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(3);
  expect(await viewTransform(page)).toEqual(before);

  await page.keyboard.press('Control+z');
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(2);
  await page.keyboard.press('Control+Shift+z');
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(3);
  await page.keyboard.press('Control+z');

  // A corner is dragged.
  await page.keyboard.press('Alt+V');
  await page.mouse.click(...at(0.53, 0.48));
  await page.mouse.move(...at(0.4, 0.4));
  await page.mouse.down();
  await page.mouse.move(...at(0.36, 0.34), { steps: 5 });
  await page.mouse.up();

  const [path] = await saved(page, info, 1, () =>
    page.getByTestId('command-export.annotations').first().click(),
  );
  const regions = readAnnotations(readFileSync(path!, 'utf8'), 'a').regions;
  expect(regions.map(({ label, colour }) => [label, colour])).toEqual([
    ['invasive', expect.stringMatching(/^#/)],
    ['invasive', expect.stringMatching(/^#/)],
  ]);
  const { a, e, f } = before;
  const onScreen = (i: number): number[] => [
    regions[0]!.outer[2 * i]! * a + e,
    regions[0]!.outer[2 * i + 1]! * a + f,
  ];
  expect(onScreen(0)[0]).toBeCloseTo(view.width * 0.36, -1);
  expect(onScreen(0)[1]).toBeCloseTo(view.height * 0.34, -1);
  expect(Math.abs(onScreen(1)[0]! - view.width * 0.6)).toBeLessThan(1.5);

  // Kept over a reload; as truth they are a layer of their own.
  await page.waitForTimeout(600);
  await page.reload();
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(2);
  await page.getByTestId('command-annotate.use-as-truth').click();
  await expect(page.getByTestId('truth-labels')).toContainText('invasive');
  await page.getByTestId('command-truth.show').click();
  const invasive = await page.evaluate(() =>
    window
      .dualscope!.slices('truth')
      .reduce((sum, { classes }) => sum + classes.filter((v) => v === 3).length, 0),
  );
  expect(invasive).toBeGreaterThan(100);
});

test('labels of another vocabulary are asked for once; a broken file says what is wrong', async ({
  page,
}, info) => {
  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=nano-single');
  await isReady(page);
  await page.getByTestId('command-panel.annotations').click();
  const corners = [
    [200, 200],
    [1200, 200],
    [1200, 1400],
  ];
  const geometry = { type: 'Polygon', coordinates: [[...corners, corners[0]]] };
  const properties = { objectType: 'annotation', classification: { name: 'Tumour', color: [200, 0, 0] } };
  const features = [{ type: 'Feature', geometry, properties }];
  await dropFile(page, 'tumour.geojson', JSON.stringify({ type: 'FeatureCollection', features }));
  await expect(page.getByTestId('labels-dialog')).toBeVisible();
  await page.getByTestId('label-class-Tumour').selectOption('in situ');
  await page.getByTestId('labels-submit').click();
  await expect(page.getByTestId('truth-labels')).toContainText('→ in situ');

  // The same label in another file, from the file dialog, twice in a row by keyboard.
  const asap = info.outputPath('tumour.xml');
  const places = corners.map(([x, y], order) => `<Coordinate Order="${order}" X="${x}" Y="${y}"/>`).join('');
  writeFileSync(
    asap,
    `<ASAP_Annotations><Annotations><Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumour" Color="#F4FA58"><Coordinates>${places}</Coordinates></Annotation></Annotations></ASAP_Annotations>`,
  );
  await choose(page, () => page.keyboard.press('Alt+T'), asap);
  await expect(page.getByTestId('truth-section')).toContainText('tumour.xml');
  await expect(page.getByTestId('truth-labels')).toContainText('→ in situ');
  await expect(page.getByTestId('labels-dialog')).toBeHidden();

  const broken = info.outputPath('broken.xml');
  writeFileSync(broken, readFileSync(asap, 'utf8').replace('X="1200"', 'X="?"'));
  await choose(page, () => page.keyboard.press('Alt+T'), broken);
  await expect(page.getByTestId('notice')).toContainText('broken.xml: Region "Annotation 0"');
});

test('annotations of other programs: a DICOM slide with its segmentation, masks, gzip; DICOM out', async ({
  page,
}, info) => {
  const golden = (file: string): string => resolve(import.meta.dirname, '../src/annotation/golden', file);
  await page.goto('/?slide=none&model=nano-single');
  // Both at once: the segmentation is no part of the slide, but its ground truth.
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open slide…' }).first().click();
  await (await chooser).setFiles([golden('wsi.dcm'), golden('seg-binary.dcm')]);
  await expect(page.getByTestId('slide-name')).toHaveText('wsi.dcm');
  await expect(page.getByTestId('label-class-Stroma')).toBeVisible();
  await page.getByTestId('labels-submit').click();

  await page.getByTestId('command-panel.annotations').click();
  const list = page.getByTestId('annotation-list').getByRole('button');
  let count = 0;
  for (const [file, regions] of [
    ['palette_mask.png', 3],
    ['qupath.geojson.gz', 4],
    ['ann-3d.dcm', 4],
  ] as const) {
    await choose(page, () => page.getByTestId('command-annotate.import').click(), golden(file));
    await expect(list).toHaveCount((count += regions));
  }
  await choose(page, () => page.getByTestId('command-annotate.import').click(), golden('coco.json'));
  await expect(page.getByTestId('notice')).toContainText('none is called wsi.dcm');

  const [path] = await saved(page, info, 1, async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('DICOM ANN');
    await page.keyboard.press('Enter');
  });
  const bytes = new Uint8Array(readFileSync(path!));
  const { regions, format } = await readAnnotationFile(bytes, 'wsi.ann.dcm', null);
  expect([format, regions.length]).toEqual(['dicom-ann', count]);
});

interface Polygons {
  readonly features: readonly {
    readonly geometry: { readonly type: string; readonly coordinates: readonly number[][][] };
    readonly properties: { readonly classification: { readonly name: string } };
  }[];
}

/** Even-odd rule over all rings of a polygon. */
function isInside(rings: readonly number[][][], x: number, y: number): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [ax, ay] = ring[i - 1] as [number, number];
      const [bx, by] = ring[i] as [number, number];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    }
  }
  return inside;
}

test('a demo slide with ground truth opens with it, drawn where its file says', async ({ page }) => {
  await page.goto('/?slide=slides/colon-mosaic.tif&model=colon-single');
  await isReady(page);
  await expect(page.getByTestId('layer-select').getByRole('option', { name: 'Ground truth' })).toHaveText(
    'Ground truth',
  );
  await page.getByTestId('layer-select').selectOption('truth');
  // Long names of classes stand in full beside their areas.
  await expect(page.getByTestId('legend')).toContainText('mm²');
  const names = page.getByTestId('legend').locator('.legend-name');
  expect(await names.evaluateAll((all) => all.map((each) => each.scrollWidth - each.clientWidth))).toEqual([
    0, 0, 0, 0,
  ]);
  await page.keyboard.press('4');
  await settledPixels(page);
  const { a, e, f } = await viewTransform(page);
  const step = 5;
  const seen = await page.getByTestId('overlay-fill-A').evaluate((canvas: HTMLCanvasElement, every) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const points: [x: number, y: number, colour: string][] = [];
    for (let y = every; y < canvas.height - every; y += every) {
      for (let x = every; x < canvas.width - every; x += every) {
        const at = 4 * (y * canvas.width + x);
        points.push([x, y, data[at + 3] === 0 ? '' : data.slice(at, at + 3).join()]);
      }
    }
    return points;
  }, step);
  const truth = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../public/slides/colon-mosaic.geojson'), 'utf8'),
  ) as Polygons;
  const shapes = truth.features.map(({ geometry, properties }) => {
    const [outer = []] = geometry.coordinates;
    const [xs, ys] = [outer.map(([x]) => x!), outer.map(([, y]) => y!)];
    return {
      name: properties.classification.name,
      rings: geometry.coordinates,
      box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const,
    };
  });
  /** Classes at a place of the canvas. */
  const classesAt = (px: number, py: number): string => {
    const [x, y] = [(px - e) / a, (py - f) / a];
    const own = shapes.filter(
      ({ box: [left, top, right, bottom], rings }) =>
        x >= left && x <= right && y >= top && y <= bottom && isInside(rings, x, y),
    );
    return own.map(({ name }) => name).join();
  };
  const colours = new Map<string, Map<string, number>>();
  for (const [x, y, colour] of seen) {
    const name = classesAt(x + 0.5, y + 0.5);
    const near = [classesAt(x - 2, y), classesAt(x + 3, y), classesAt(x, y - 2), classesAt(x, y + 3)];
    if (near.some((other) => other !== name) || name.includes(',')) continue;
    const counts = colours.get(name) ?? new Map<string, number>();
    colours.set(name, counts.set(colour, (counts.get(colour) ?? 0) + 1));
  }
  expect([...colours.keys()].sort()).toEqual(['', 'adenomatous', 'healthy', 'malignant']);
  const main = [...colours].map(([name, counts]) => {
    const [[colour, count]] = [...counts].sort(([, one], [, other]) => other - one) as [[string, number]];
    const all = [...counts.values()].reduce((sum, each) => sum + each, 0);
    expect(all, name).toBeGreaterThan(30);
    expect(count / all, name).toBeGreaterThan(0.99);
    return colour;
  });
  expect(new Set(main).size).toBe(4);
});

test('a session restores layers, view and annotations on the slide known by content; the report is one page', async ({
  page,
}, info) => {
  const phantom = await phantomSlide(301, 2.4, 1.9);
  await page.goto('/?slide=none&model=nano-single');
  await openFile(page, phantom.slidePath);
  await isReady(page);
  await choose(page, () => page.keyboard.press('Alt+T'), phantom.slidePath.replace(/\.tif$/, '.xml'));
  await page.keyboard.press('Alt+2');
  await page.getByTestId('layer-select').selectOption('truth');
  await page.keyboard.press('f');
  await page.keyboard.press('Shift+R');
  await page.keyboard.press('+');
  await page.waitForTimeout(1000);
  const before = await viewTransform(page);
  const [session] = await saved(page, info, 1, () => page.keyboard.press('Control+s'));
  expect(readFileSync(session!, 'utf8')).not.toContain(phantom.folder);

  // Another visit, in which the slide has another name and place.
  const renamed = info.outputPath('another-name.tif');
  writeFileSync(renamed, readFileSync(phantom.slidePath));
  await page.goto('/?slide=none');
  await expect(page.getByTestId('start-page')).toBeVisible();
  await choose(page, () => page.getByTestId('command-slide.open').first().click(), session!);
  await expect(page.getByTestId('session-dialog')).toBeVisible();
  await choose(page, () => page.getByRole('button', { name: 'Choose slide…' }).click(), renamed);
  await expect(page.getByTestId('stage')).toHaveAttribute('data-panes', '2');
  await expect(page.getByTestId('layer-select')).toHaveValue('truth');
  await expect.poll(async () => rounded(await viewTransform(page))).toEqual(rounded(before));
  await expect.poll(() => page.evaluate(() => window.dualscope!.slices('truth').length)).toBeGreaterThan(0);

  await page.keyboard.press('Control+p');
  await expect(page.getByTestId('report-page')).toContainText('Research use only');
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
  expect(pdf.match(/\/Type\s*\/Page\b(?!s)/g)).toHaveLength(1);
});
