/** What the report says and shows, gathered from the active pane's layer. */
import { paintPreview } from '../../export/preview.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import type { Workbench } from '../session/workbench.ts';
import { activePaneOf, annotateOf, modelOf, tileColours } from '../state/state.ts';
import type { AppState, ModelEntry, OpenSlide } from '../state/state.ts';
import type { Figures } from '../truth/figures-session.ts';
import { sampleClasses } from './class-map-strips.ts';
import { pictureOfSlide } from './slide-picture.ts';
import { pictureOfView } from './view-picture.ts';

/** Longest side of the thumbnails, pixels: 300 a inch at their size on paper. */
const thumbnailPx = 1000;

interface Pictures {
  /** Object URLs; null where the slide is too large to read whole. */
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
  readonly date: Date;
}

/** @param urls takes the object URLs that were made, to be given back. @returns null without a layer. */
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
    tileColours(state),
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
      { width, height, classes: sampleClasses(content.map, metadata, width, height) },
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
    date: new Date(),
  };
}

function settingsOf({ preferences, backend }: AppState): [string, string][] {
  return [
    ['Overlap', `${Math.round(overlapOf(preferences.quality) * 100)} %`],
    ['Glass', preferences.skipGlass ? 'skipped' : 'segmented'],
    [
      'Backend',
      backend.kind === 'ready' ? `${backend.report.name}, ${backend.report.device}` : 'not started',
    ],
  ];
}
