/** Downloads: measurements as CSV and JSON, annotations as GeoJSON, file names. */
import { csvTable } from '../../base/csv.ts';
import { toRows } from '../../evaluation/confusion-matrix.ts';
import { areaCsv } from '../../export/map-figures.ts';
import type { ReviewCounts } from '../../objects/review-list.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { Figures } from '../truth/figures-session.ts';
import { geoJsonFile } from '../../annotation/write-geojson.ts';
import type { Annotation } from '../annotate/annotation.ts';
import { colourOfLabel } from '../annotate/label-colours.ts';
import type { LabelClass } from '../annotate/label-colours.ts';

/** Areas per class, in the format of the command line. @param mark as for `areaCsv`. */
export function areasCsv({ classes }: Figures, mark: string | null = null): string {
  return areaCsv(
    classes.map(({ name, background, pixels, mm2, shareOfTissue }) => ({
      class: name,
      background,
      pixels,
      areaMm2: mm2 ?? NaN,
      percentOfTissue: shareOfTissue * 100,
    })),
    mark,
  );
}

/** IoU per class and the confusion matrix in pixels: rows are true classes, columns predicted ones. */
export function metricsCsv({ classes, comparison }: Figures): string | null {
  if (comparison === null) return null;
  const { confusion, metrics } = comparison;
  return csvTable(
    ['truth', ...classes.map(({ name }) => `predicted ${name}`), 'iou'],
    toRows(confusion).map((row, truth) => [
      classes[truth]?.name ?? '',
      ...row,
      metrics.iou[truth]?.toFixed(6) ?? '',
    ]),
  );
}

/** What the context changed, pixels on tissue: rows are the classes without the context, columns those with it. */
export function changeCsv({ change }: Figures, content: LayerContent | null): string | null {
  const classes = content?.change?.withContext.classes;
  if (change === undefined || classes === undefined) return null;
  return csvTable(
    ['without context', ...classes.map(({ name }) => `with context ${name}`)],
    change.matrix.map((row, without) => [classes[without]?.name ?? '', ...row]),
  );
}

export interface FiguresContext {
  readonly slide: string;
  /** SHA-256 of size, head and tail of the file. */
  readonly fingerprint: string;
  readonly layer: string;
  /** Null for a layer that is no model's. */
  readonly modelCheck: 'passed' | 'overridden' | null;
  /** Why the layer's results may be meaningless on this slide. */
  readonly warning: string | null;
  readonly truth: string | null;
  /** The model's classes, where those of the areas are pairs of them; null else. */
  readonly modelClasses?: readonly string[] | null;
  readonly umPerPx: { readonly x: number; readonly y: number; readonly source: string } | null;
  /** How far the review of its objects is; null if they have not been listed. */
  readonly objects: ReviewCounts | null;
  /** ISO 8601. */
  readonly date: string;
}

/** All measurements, with their context. */
export function figuresJson(figures: Figures, context: FiguresContext): string {
  const { extent, classes, segmentedMm2, tissueMm2, comparison, change } = figures;
  const { modelClasses = null, ...about } = context;
  return `${JSON.stringify(
    {
      notice: 'Research use only. Not for diagnosis.',
      ...about,
      extent,
      segmentedMm2,
      tissueMm2,
      areas: classes,
      ...(change && modelClasses && { contextChange: { ...change, classes: modelClasses } }),
      comparison:
        comparison === null
          ? null
          : {
              ...comparison.metrics,
              mm2: comparison.mm2,
              confusion: toRows(comparison.confusion),
            },
    },
    null,
    2,
  )}\n`;
}

/** Annotations as GeoJSON for QuPath. */
export function annotationsGeoJson(
  annotations: readonly Annotation[],
  classes: readonly LabelClass[],
): string {
  return geoJsonFile(
    annotations.map((annotation) => ({
      polygon: annotation,
      of:
        annotation.label === ''
          ? null
          : { name: annotation.label, colour: colourOfLabel(annotation.label, classes) },
    })),
  );
}

/** Downloads `content` as a file called `name`. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own reference by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
