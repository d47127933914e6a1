/** What is drawn, as GeoJSON that QuPath opens. */
import { geoJsonFile } from '../../annotation/write-geojson.ts';
import type { Annotation } from '../annotate/annotation.ts';
import { colourOfLabel } from '../annotate/label-colours.ts';
import type { LabelClass } from '../annotate/label-colours.ts';

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
