/** Tells result files of `segment` and `cohort` from other files that were dropped. */
import type { PredictionFile } from '../../export/read-prediction.ts';
import type { MapClient } from '../../worker/map-client.ts';
import type { ChosenFile } from '../../worker/protocol.ts';

/** A result file with what it says of itself. */
export interface ResultFile extends PredictionFile {
  readonly file: File;
  readonly path: string;
}

/** One result: a class map, with its confidence if that was given, or polygons. */
export interface Result extends Omit<ResultFile, 'kind'> {
  readonly kind: 'classes' | 'polygons';
  readonly confidence: File | null;
}

export interface SortedFiles {
  readonly results: readonly Result[];
  /** Whatever is no result, nor lies with one in the folder of a run or cohort. */
  readonly others: readonly ChosenFile[];
}

/** The start of every class map (TIFF, little-endian, 32 or 64 bits), and of GeoJSON as our writer writes it. */
const starts = ['II*\0', 'II+\0', '{"type":"FeatureCollection","dualscope":'];

export async function sortResults(chosen: readonly ChosenFile[], maps: MapClient): Promise<SortedFiles> {
  const found: ResultFile[] = [];
  for (const { file, path } of chosen) {
    if (!/\.(tiff?|geojson|json)$/i.test(file.name)) continue;
    const head = await file
      .slice(0, 60)
      .text()
      // A file that cannot be read is reported where it is opened.
      .catch(() => '');
    if (!starts.some((start) => head.startsWith(start))) continue;
    const inspected = await maps.inspectPrediction(file, file.name).catch(() => null);
    if (inspected !== null) found.push({ ...inspected, file, path });
  }
  if (found.length === 0) return { results: [], others: chosen };
  const known = new Set(found.map(({ path }) => path));
  const folders = new Set(found.map(({ path }) => folderOf(path)));
  const cohorts = cohortRoots(chosen, found);
  const stems = new Set(found.map(({ path }) => path.replace(resultEnding, '')));
  const others = chosen.filter(({ path }) => {
    if (known.has(path) || cohorts.some((root) => path.startsWith(root))) return false;
    // Areas, preview and report of a result lie with it.
    return !(folders.has(folderOf(path)) && stems.has(path.replace(besideEnding, '')));
  });
  return { results: resultsAmong(found), others };
}

const resultEnding = /\.(classes\.tiff?|confidence\.tiff?|geojson|json)$/i;
const besideEnding = /\.(preview\.png|areas\.csv|areas\.json|metrics\.csv|figures\.json|json)$/i;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** Folders with a cohort's plan and its slides' results: all that is in them is the cohort's. */
function cohortRoots(chosen: readonly ChosenFile[], found: readonly ResultFile[]): string[] {
  return chosen
    .filter(({ path }) => /(^|\/)plan\.json$/.test(path))
    .map(({ path }) => folderOf(path))
    .filter((root) => found.some(({ path }) => path.startsWith(`${root}slides/`)));
}

/** Class maps with their confidence; polygons only where the map they were traced in is not there. */
function resultsAmong(found: readonly ResultFile[]): Result[] {
  const isOfOne = (one: ResultFile, other: ResultFile): boolean =>
    one.origin.model.id === other.origin.model.id &&
    one.origin.slide.fingerprint === other.origin.slide.fingerprint &&
    folderOf(one.path) === folderOf(other.path);
  const maps = found.filter(({ kind }) => kind === 'classes');
  return found.flatMap((each): Result[] => {
    const { kind } = each;
    if (kind === 'confidence') return [];
    if (kind === 'polygons')
      return maps.some((map) => isOfOne(map, each)) ? [] : [{ ...each, kind, confidence: null }];
    const sure = found.find((other) => other.kind === 'confidence' && isOfOne(other, each));
    return [{ ...each, kind, confidence: sure?.file ?? null }];
  });
}
