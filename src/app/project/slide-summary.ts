/** What a project keeps of a slide's class map: areas, mean confidence, and how far models disagree. */
import { classKey } from '../overlay/class-palette.ts';
import { agreed, differenceOf, notCompared, TransitionCodes } from '../compare/difference.ts';
import { SliceIndex } from '../compare/slice-index.ts';
import { tissuePixels } from '../../export/map-area.ts';
import type { SlideResult } from '../../project/project.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';
import { contentWarning } from '../session/layer-content.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { FiguresSession } from '../truth/figures-session.ts';

export interface SummarySubject {
  readonly slide: { readonly width: number; readonly height: number };
  /** µm per level-0 pixel. */
  readonly mpp: { readonly x: number; readonly y: number };
  /** null if unknown: all pixels count. */
  readonly tissue: TissueMask | null;
}

/** Milliseconds of work before yielding to the event loop. */
const budgetMs = 12;

/** Areas and shares by the app's one definition (`FiguresSession`), and the mean confidence over the same pixels. */
export async function summarise(
  figures: Pick<FiguresSession, 'compute'>,
  content: LayerContent,
  subject: SummarySubject,
  broken: number,
): Promise<SlideResult> {
  const { slide, mpp, tissue } = subject;
  const { classes, segmentedMm2 } = await figures.compute(
    { extent: 'slide', area: { kind: 'slide' }, content, slide, mpp, truth: null, tissue },
    new AbortController().signal,
  );
  return {
    title: content.title,
    date: new Date().toISOString(),
    mpp: (mpp.x + mpp.y) / 2,
    classes: classes.map(({ name, background, mm2, shareOfTissue }) => ({
      name,
      background,
      mm2,
      shareOfTissue: Math.min(1, shareOfTissue),
    })),
    segmentedMm2: segmentedMm2 ?? 0,
    confidence: await meanConfidence(content, subject),
    broken,
    warning: contentWarning(content),
  };
}

/** From 0 to 1; null where no tissue is segmented. */
export async function meanConfidence(
  { map, classes }: LayerContent,
  subject: SummarySubject,
): Promise<number | null> {
  let sum = 0;
  let area = 0;
  await eachSlice(map.slices, async (slice) => {
    const { classes: values, confidence } = await slice.whole();
    const counted = countedPixels(slice, subject);
    const pixelArea = (slice.rect.width * slice.rect.height) / slice.size ** 2;
    for (let i = 0; i < counted.length; i++) {
      if (counted[i] !== 1 || (values[i] ?? 255) >= classes.length) continue;
      sum += pixelArea * (confidence[i] ?? 0);
      area += pixelArea;
    }
  });
  return area === 0 ? null : sum / area / 255;
}

/**
 * Share of the tissue that both maps cover on which they differ; null where they cover none together, and if they have no
 * class but the background in common.
 */
export async function disagreementOf(
  first: LayerContent,
  second: LayerContent,
  subject: SummarySubject,
): Promise<number | null> {
  const keys = new Set(first.classes.map(({ name }) => classKey(name)));
  const isCommon = second.classes.some(({ name, background }) => !background && keys.has(classKey(name)));
  if (!isCommon) return null;
  const codes = new TransitionCodes(first.classes, second.classes);
  const others = new SliceIndex(second.map.slices);
  let differing = 0;
  let area = 0;
  await eachSlice(first.map.slices, async (slice) => {
    const { size, classes } = await slice.whole();
    const near = others.intersecting(slice.rect);
    const grids = await Promise.all(
      near.map(async (other) => {
        const map = await other.whole();
        return { rect: other.rect, size: map.size, classes: map.classes };
      }),
    );
    const difference = differenceOf({ rect: slice.rect, size, classes }, grids, codes);
    const counted = countedPixels(slice, subject);
    const pixelArea = (slice.rect.width * slice.rect.height) / size ** 2;
    for (let i = 0; i < difference.length; i++) {
      if (counted[i] !== 1 || difference[i] === notCompared) continue;
      area += pixelArea;
      if (difference[i] !== agreed) differing += pixelArea;
    }
  });
  return area === 0 ? null : differing / area;
}

/** Pixels of a slice that lie on the slide and on tissue. */
function countedPixels({ rect, size }: StoredSlice, { slide, tissue }: SummarySubject): Uint8Array {
  const scale = { x: rect.width / size, y: rect.height / size };
  const at = { column: Math.round(rect.x / scale.x), row: Math.round(rect.y / scale.y) };
  const counted = tissuePixels(tissue, at, size, size, scale) ?? new Uint8Array(size * size).fill(1);
  const across = Math.max(0, Math.min(size, Math.round((slide.width - rect.x) / scale.x)));
  const down = Math.max(0, Math.min(size, Math.round((slide.height - rect.y) / scale.y)));
  for (let y = 0; y < size; y++) counted.fill(0, y * size + (y < down ? across : 0), (y + 1) * size);
  return counted;
}

/** Calls `work` for each slice, and lets the page breathe. */
async function eachSlice(
  slices: Iterable<StoredSlice>,
  work: (slice: StoredSlice) => Promise<void>,
): Promise<void> {
  let started = performance.now();
  for (const slice of [...slices]) {
    await work(slice);
    if (performance.now() - started < budgetMs) continue;
    await new Promise((resolve) => setTimeout(resolve));
    started = performance.now();
  }
}
