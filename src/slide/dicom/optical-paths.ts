/** Which optical path each frame is of, whether from a file or a DICOMweb server. */
import { maxChannels } from '../limits.ts';
import type { FramePositions } from './frame-positions.ts';

/** A light path: a channel of a fluorescence image. */
export interface OpticalPath {
  readonly id: string;
  /** Its description, else its identifier. */
  readonly name: string;
}

/** Longest name of a channel that is shown, in characters. */
const maxName = 64;

/**
 * @param described the Optical Path Sequence, with empty texts where it gives none.
 * @param shared identifier of the path of all frames; empty without.
 * @param ofFrames the paths that frames name, where they have places of their own.
 */
export function pathsOf(
  described: readonly OpticalPath[],
  shared: string,
  ofFrames: FramePositions['paths'],
): { readonly paths: readonly OpticalPath[]; readonly framePaths: Int16Array | null } {
  const all = described
    .slice(0, maxChannels)
    .map(({ id, name }, i) => ({ id: id || `${i + 1}`, name: (name || id).slice(0, maxName) }));
  const named = (id: string): OpticalPath => all.find((one) => one.id === id) ?? { id, name: id };
  if (ofFrames !== null) {
    // In the order in which they are described.
    const rank = new Map(all.map(({ id }, i) => [id, i]));
    const ids = ofFrames.ids.toSorted((a, b) => (rank.get(a) ?? maxChannels) - (rank.get(b) ?? maxChannels));
    const places = ofFrames.ids.map((id) => ids.indexOf(id));
    return {
      paths: ids.map(named),
      framePaths: ofFrames.ofFrames.map((index) => places[index] ?? -1),
    };
  }
  if (shared !== '') return { paths: [named(shared)], framePaths: null };
  return { paths: all.length > 0 ? all : [{ id: '1', name: '' }], framePaths: null };
}
