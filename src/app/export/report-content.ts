/** The report's content, gathered from the active pane's layer. */
import { paintPreview } from '../../export/preview.ts';
import type { ReviewCounts } from '../../objects/review-list.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { contentWarning } from '../session/layer-content.ts';
import type { Workbench } from '../session/workbench.ts';
import { backendNames } from '../state/backend-names.ts';
import { activePaneOf, annotateOf, modelOf, tileLook } from '../state/state.ts';
import type { AppState, ModelEntry, OpenSlide } from '../state/state.ts';
import type { Figures } from '../truth/figures-session.ts';
import { sampleClassMap } from './class-map-strips.ts';
import { pictureOfView } from './view-picture.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import type { TileLook } from '../../worker/protocol.ts';
import { viewLevels } from '../../worker/slide-client.ts';
import type { SlideClient } from '../../worker/slide-client.ts';

/** Longest side of the thumbnails, pixels: 300 dpi at their printed size. */
const thumbnailPx = 1000;

interface Pictures {
  /** Object URLs; null if the slide is too large to read as a whole. */
  readonly tissue: string | null;
  readonly classes: string | null;
  readonly view: string | null;
}

export interface ReportContent {
  readonly slide: OpenSlide;
  readonly model: ModelEntry | null;
  readonly figures: Figures;
  readonly colours: readonly string[];
  readonly pictures: Pictures;
  readonly settings: readonly (readonly [string, string])[];
  readonly truth: string | null;
  /** Why the results may be meaningless on this slide; null where nothing speaks against them. */
  readonly warning: string | null;
  /** How far the review of its objects is; null if they have not been listed. */
  readonly objects: ReviewCounts | null;
  /** Whether areas are those of objects, with one class each. */
  readonly byObject: boolean;
  readonly date: Date;
}

/** @param urls receives the object URLs that the caller must revoke. @returns null without a layer */
export async function gatherReport(workbench: Workbench, urls: string[]): Promise<ReportContent | null> {
  const state = workbench.store.getState();
  const pane = activePaneOf(state);
  const content = workbench.resolveLayer(pane.layer);
  const { slide } = state;
  if (slide === null || content === null) return null;
  const figures = await workbench.exports.figures('slide');
  if (figures === null) return null;
  const colours = shownColours(content.classes, pane.overlay);
  const urlOf = async (canvas: HTMLCanvasElement | null): Promise<string | null> => {
    const blob = await new Promise<Blob | null>((resolve) =>
      canvas === null ? resolve(null) : canvas.toBlob(resolve, 'image/png'),
    );
    if (blob === null) return null;
    urls.push(URL.createObjectURL(blob));
    return urls.at(-1) ?? null;
  };
  const { metadata, slideId } = slide;
  const tissue = await pictureOfSlide(
    workbench.slides.client,
    slideId,
    metadata,
    tileLook(state),
    thumbnailPx,
  );
  const classes = document.createElement('canvas');
  const context = classes.getContext('2d');
  if (tissue !== null && context !== null) {
    const { width, height } = tissue;
    [classes.width, classes.height] = [width, height];
    const pixels = tissue.getContext('2d')?.getImageData(0, 0, width, height).data;
    const painted = paintPreview(
      { width, height, data: new Uint8ClampedArray(pixels ?? []) },
      { width, height, classes: sampleClassMap(content.map, metadata, width, height) },
      {
        classes: content.classes.map((entry, value) => ({
          ...entry,
          colour: colours[value] ?? entry.colour,
        })),
      },
    );
    context.putImageData(new ImageData(painted.data, width, height), 0, 0);
  }
  return {
    slide,
    model: modelOf(state, pane.layer),
    figures,
    colours,
    pictures: {
      tissue: await urlOf(tissue),
      classes: await urlOf(tissue === null ? null : classes),
      view: await urlOf(pictureOfView(workbench)),
    },
    settings: settingsOf(state),
    truth: annotateOf(state).truth?.name ?? null,
    warning: contentWarning(content),
    objects: workbench.objects.countsOf(content.map),
    byObject: content.map === workbench.objects.majority,
    date: new Date(),
  };
}

function settingsOf({ preferences, backend }: AppState): [string, string][] {
  return [
    ['Overlap', `${Math.round(overlapOf(preferences.quality) * 100)} %`],
    ...(preferences.symmetries ? [['Orientations', '8, averaged'] as [string, string]] : []),
    ['Background', preferences.skipGlass ? 'skipped' : 'segmented'],
    [
      'Backend',
      backend.kind === 'ready'
        ? `${backendNames[backend.report.name]}, ${backend.report.device}`
        : 'not started',
    ],
  ];
}

/** Most tiles that are read for a thumbnail. */
const mostTiles = 600;

/**
 * An image of the whole slide, assembled from its tiles; longest side about `longestPx`.
 * @returns null for a slide without a level small enough to read as a whole
 */
export async function pictureOfSlide(
  client: SlideClient,
  slideId: number,
  metadata: SlideMetadata,
  look: TileLook,
  longestPx: number,
): Promise<HTMLCanvasElement | null> {
  const levels = viewLevels(metadata.levels);
  const at = Math.max(
    0,
    levels.findLastIndex(({ width, height }) => Math.max(width, height) >= longestPx),
  );
  const level = levels[at];
  if (level === undefined) return null;
  const columns = Math.ceil(level.width / level.tileWidth);
  const rows = Math.ceil(level.height / level.tileHeight);
  if (columns * rows > mostTiles) return null;
  const scale = Math.min(1, longestPx / Math.max(level.width, level.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(level.width * scale));
  canvas.height = Math.max(1, Math.round(level.height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  const draw = async (column: number, row: number): Promise<void> => {
    const bitmap = await client.tile(slideId, at, column, row, look, 'exact').catch(() => null);
    if (bitmap === null) return;
    const x = Math.round(column * level.tileWidth * scale);
    const y = Math.round(row * level.tileHeight * scale);
    // Rounded to whole pixels, so that there are no seams.
    const right = Math.round((column * level.tileWidth + bitmap.width) * scale);
    const bottom = Math.round((row * level.tileHeight + bitmap.height) * scale);
    context.drawImage(bitmap, x, y, right - x, bottom - y);
    bitmap.close();
  };
  for (let row = 0; row < rows; row++) {
    await Promise.all(Array.from({ length: columns }, (_, column) => draw(column, row)));
  }
  return canvas;
}
