/** The name of a slide's folder, log and row within a cohort. */
import { bytesOfPath } from '../base/path-bytes.ts';

/** Whether a slide is read over the network. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

/** The last part of a path or URL, decoded: the slide's name for display. */
export function slideName(source: string): string {
  const path = isUrl(source) ? source.replace(/[?#].*$/, '') : source;
  const last = path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '');
  if (!isUrl(source)) return last || source;
  try {
    return decodeURIComponent(last) || source;
  } catch {
    return last || source;
  }
}

/** Hex digits of the hash in an id: 96 bits, so that no two slides of the world share one by chance. */
const hashDigits = 24;
/** In cohorts of earlier versions: 32 bits, which two slides of one name can share. */
const earlierHashDigits = 8;

/**
 * Letters, digits, dots, dashes and underscores: the slide's name without its extension, and hex digits of the SHA-256 of
 * `place`. Adding a slide to the cohort never changes the ids of the others.
 * @param place the slide's location within the cohort: a URL, or a path relative to the given folder.
 */
export async function slideId(place: string, digits = hashDigits): Promise<string> {
  const bytes = Uint8Array.from(bytesOfPath(place));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const stem = slideName(place)
    .replace(/\.[^.]+$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  return `${stem === '' ? 'slide' : stem}-${hash.slice(0, digits)}`;
}

/** A slide of an earlier plan of the same cohort. */
export interface EarlierSlide {
  readonly id: string;
  readonly source: string;
  /** Path below the given folder; null for URLs. */
  readonly place: string | null;
}

/**
 * The ids of a cohort's slides, in order. A slide keeps the shorter id that an earlier version gave it, so that its results
 * are found, unless another slide has the same.
 * @param earlier slides of the folder's present plan
 * @throws RangeError that names two slides with one id
 */
export async function slideIds(
  places: readonly string[],
  earlier: readonly EarlierSlide[],
): Promise<readonly string[]> {
  const known = new Map<string, string | null>();
  for (const { id, source, place } of earlier) known.set(id, known.has(id) ? null : (place ?? source));
  const ids = await Promise.all(
    places.map(async (place) => {
      const former = await slideId(place, earlierHashDigits);
      return known.get(former) === place ? former : slideId(place);
    }),
  );
  const owners = new Map<string, string>();
  ids.forEach((id, i) => {
    const place = places[i] ?? '';
    const other = owners.get(id);
    if (other !== undefined) {
      throw new RangeError(`"${other}" and "${place}" share the id ${id}. Rename one of them.`);
    }
    owners.set(id, place);
  });
  return ids;
}
