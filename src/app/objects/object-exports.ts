/** Objects as files of the page. */
import { fileStem, safeFileName } from '../../base/file-name.ts';
import { objectsCsv, objectsGeoJson, type ObjectsToWrite } from '../../objects/object-files.ts';
import { download } from '../export/export-files.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { contentWarning } from '../session/layer-content.ts';
import { activePaneOf, currentMpp } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { ObjectsState } from './objects-state.ts';

function toWrite(
  { source, corrected, scale }: ObjectsState,
  app: AppState,
  tolerance: number,
): ObjectsToWrite {
  const { content, slide } = source;
  const colours = shownColours(content.classes, activePaneOf(app).overlay);
  return {
    objects: corrected.objects,
    reviews: corrected.reviews,
    classes: content.classes.map((entry, value) => ({ ...entry, colour: colours[value] ?? entry.colour })),
    scale,
    mpp: currentMpp(slide),
    warning: contentWarning(content),
    model: content.title,
    tolerance,
  };
}

const stemOf = ({ source: { slide, layer } }: ObjectsState): string =>
  `${fileStem(slide.metadata.name)}.${safeFileName(layer)}.objects`;

/** @param tolerance maximum deviation of outlines, map pixels */
export function downloadObjectsGeoJson(state: ObjectsState, app: AppState, tolerance: number): void {
  const parts = objectsGeoJson(toWrite(state, app, tolerance));
  download(new Blob(parts, { type: 'application/geo+json' }), `${stemOf(state)}.geojson`);
}

export function downloadObjectsCsv(state: ObjectsState, app: AppState): void {
  download(new Blob([objectsCsv(toWrite(state, app, 0))], { type: 'text/csv' }), `${stemOf(state)}.csv`);
}
