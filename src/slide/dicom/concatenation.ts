/** Images among instances of one size: concatenations in several files (PS3.3, C.7.6.16.2.2.4), and images in one. */
import type { DicomInstance } from './instance.ts';
import type { OpticalPath } from './optical-paths.ts';

/** An image in one or several instances. */
export interface DicomImage {
  readonly parts: readonly {
    readonly instance: DicomInstance;
    /** Number of its first frame in the image. */
    readonly offset: number;
  }[];
  /** Those that have frames, in the order of the frames. At least one. */
  readonly paths: readonly OpticalPath[];
  /** Parts that the image has and were not opened. */
  readonly missing: number;
  /** Instances that begin at the same frame as another one: left out, or shown where the other has nothing. */
  readonly doubles: number;
}

/** @param instances of one size, at least one. */
export function imagesOf(instances: readonly DicomInstance[]): DicomImage[] {
  const groups = new Map<string, DicomInstance[]>();
  for (const one of instances) {
    const { uid } = one.concatenation;
    // Without an identifier, what has the same paths belongs together.
    const key = uid === '' ? `paths ${JSON.stringify(one.paths.map(({ id }) => id))}` : `uid ${uid}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].map(imageOf);
}

function imageOf(instances: readonly DicomInstance[]): DicomImage {
  const sorted = instances.toSorted(
    (a, b) => a.frameOffset - b.frameOffset || a.concatenation.number - b.concatenation.number,
  );
  const first = sorted[0]!;
  // Some writers number the parts and do not say at which frame they begin.
  const isCounted =
    sorted.length > 1 &&
    sorted.every(
      ({ frameOffset, concatenation }, i) =>
        frameOffset === 0 && concatenation.uid !== '' && concatenation.number === i + 1,
    );
  let next = 0;
  const parts = sorted.map((instance) => {
    const offset = isCounted ? next : instance.frameOffset;
    next = offset + instance.frames;
    return { instance, offset };
  });
  const { count } = first.concatenation;
  return {
    parts,
    paths: withFrames(first, parts),
    missing: first.concatenation.uid === '' ? 0 : Math.max(0, count - sorted.length),
    doubles: parts.filter(({ offset }, i) => i > 0 && offset === parts[i - 1]!.offset).length,
  };
}

/** Instances may describe more paths than they have frames of. */
function withFrames(first: DicomInstance, parts: DicomImage['parts']): readonly OpticalPath[] {
  if (first.places !== null) {
    const named = new Set(parts.flatMap(({ instance }) => framesPaths(instance)));
    const all = parts.flatMap(({ instance }) => instance.paths);
    const used = all.filter(({ id }, i) => named.has(id) && all.findIndex((one) => one.id === id) === i);
    return used.length > 0 ? used : first.paths.slice(0, 1);
  }
  const { width, height, tileWidth, tileHeight, focalPlanes, paths } = first;
  const ofPath = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) * focalPlanes;
  const last = Math.max(...parts.map(({ instance, offset }) => offset + instance.frames));
  return paths.slice(0, Math.max(1, Math.ceil(last / ofPath)));
}

/** Identifiers of the paths that an instance's frames name. */
function framesPaths({ paths, framePaths }: DicomInstance): string[] {
  if (framePaths === null) return [paths[0]!.id];
  return [...new Set(framePaths)].flatMap((index) => paths[Math.max(0, index)]?.id ?? []);
}
