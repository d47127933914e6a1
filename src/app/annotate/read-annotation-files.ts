/** Reads annotation files for the open slide, and says what does not fit it or could not be read. */
import type { AnnotatedRegion, RefusedRegion } from '../../annotation/annotation-file.ts';
import { WorkerError } from '../../base/error-report.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { AppStore } from '../state/store.ts';
import { annotatedSlide } from './annotated-slide.ts';

/**
 * All regions of some files; null where one can't be read, which is logged, or the slide is closed meanwhile.
 * @param ready resolves when the saved annotations of the open slide have been read.
 */
export async function readAnnotationFiles(
  files: readonly File[],
  store: AppStore,
  client: MapClient,
  ready: Promise<void>,
): Promise<AnnotatedRegion[] | null> {
  const { slide } = store.getState();
  const [first] = files;
  if (first === undefined) return null;
  if (slide === null) {
    fail(store, new Error('Open a slide before its annotations.'), first.name);
    return null;
  }
  const regions: AnnotatedRegion[] = [];
  await ready;
  for (const file of files) {
    try {
      const read = await client.readAnnotations(file, file.name, annotatedSlide(slide));
      if (store.getState().slide?.slideId !== slide.slideId) return null;
      for (const note of read.notes) log(store, 'info', note, '', file.name);
      for (const doubt of read.doubts) log(store, 'warning', doubt, placeRemedy, file.name);
      warnOfRefused(store, read.refused, file.name);
      // Not spread: a file may have more regions than a call can take arguments.
      for (const region of read.regions) regions.push(region);
    } catch (error) {
      fail(store, unknownJson(error), file.name);
      return null;
    }
  }
  return regions;
}

function warnOfRefused(store: AppStore, refused: readonly RefusedRegion[], name: string): void {
  const [first] = refused;
  if (first === undefined) return;
  const more = refused.length - 1;
  const rest = more === 0 ? '' : ` So ${more === 1 ? 'has 1 more' : `have ${more} more`}.`;
  const problem = `${first.problem}${rest} The file's other regions were read.`;
  log(store, 'warning', problem, 'Correct the file, or export it again.', name);
}

const placeRemedy = 'Check that the annotations were made on this slide.';

function log(
  store: AppStore,
  level: 'info' | 'warning',
  problem: string,
  remedy: string,
  file: string,
): void {
  const report = { code: 'annotations', file, problem, remedy };
  store.dispatch({ type: 'log', entry: logEntry(level, report, null) });
}

function fail(store: AppStore, error: unknown, subject: string): void {
  store.dispatch({ type: 'log', entry: logEntry('error', reportOf(error, subject), null) });
}

/** A JSON file may have been meant as anything that the page opens, so its error names all of these. */
function unknownJson(error: unknown): unknown {
  return error instanceof WorkerError && error.report.code === 'not-geojson'
    ? new WorkerError({ ...error.report, problem: 'Not a session, GeoJSON or slide.', remedy: '' })
    : error;
}
