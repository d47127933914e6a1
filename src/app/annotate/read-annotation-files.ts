/** Reads annotation files for the open slide, and says what does not fit it or could not be read. */
import type { AnnotatedRegion, RefusedRegion } from '../../annotation/annotation-file.ts';
import { WorkerError } from '../../base/error-report.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import type { OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';

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
      const read = await client.readAnnotations(file, file.name);
      if (store.getState().slide?.slideId !== slide.slideId) return null;
      warnOfPlace(store, read.regions, slide, file.name);
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

/** Warns of regions outside the slide, a sign of annotations made for another slide or resolution. */
function warnOfPlace(
  store: AppStore,
  regions: readonly AnnotatedRegion[],
  { metadata }: OpenSlide,
  name: string,
): void {
  const off = regions.filter(({ outer }) => {
    const [x = 0, y = 0] = outer;
    return x < 0 || y < 0 || x > metadata.width || y > metadata.height;
  }).length;
  if (off === 0) return;
  const problem = `${off} of ${regions.length} regions start outside the slide.`;
  const remedy = 'They may belong to another slide or another resolution.';
  const report = { code: 'annotations', file: name, problem, remedy };
  store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
}

function warnOfRefused(store: AppStore, refused: readonly RefusedRegion[], name: string): void {
  const [first] = refused;
  if (first === undefined) return;
  const more = refused.length - 1;
  const rest = more === 0 ? '' : ` So ${more === 1 ? 'has 1 more' : `have ${more} more`}.`;
  const problem = `${first.problem}${rest} The file's other regions were read.`;
  const remedy = 'Correct the file, or export it again.';
  const report = { code: 'annotations', file: name, problem, remedy };
  store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
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
