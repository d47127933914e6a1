/** What all mutants of slides have in common: how one is opened and used, and which errors may come of it. */
import assert from 'node:assert/strict';
import { mutatedBytes, type Random } from '../../base/testing/mutants.ts';
import { jpegFrame } from '../jpeg.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import { SlideError, type ByteSource, type SlidePlatform } from '../slide.ts';
import { TileCache } from '../tile-cache.ts';
import { mutatedFields, tiffFields } from './structure-mutants.ts';

const platform = nodePlatform();

/** Native decoders are not under test here and would take most of the time: every JPEG decodes to a grey tile. */
export const quickPlatform: SlidePlatform = {
  jpeg2000: platform.jpeg2000,
  samples: platform.samples,
  decoder: {
    decode: (bytes) =>
      jpegFrame(bytes) === null
        ? Promise.reject(new Error('damaged'))
        : Promise.resolve({ width: 32, height: 32, data: new Uint8ClampedArray(32 * 32 * 4) }),
  },
};

/** Whether a mutant may end like this: an error that names a file of the slide, what is wrong, and what to do. */
export const isSlideError = (error: unknown): boolean =>
  error instanceof SlideError && error.file !== '' && error.problem !== '' && error.remedy !== '';

/**
 * Opens a slide and uses it as a viewer does first: all levels, all images beside it. What opens must be consistent.
 * @throws SlideError; AssertionError for metadata that contradict themselves.
 */
export async function viewMutant(
  sources: readonly ByteSource[],
  on: SlidePlatform = quickPlatform,
): Promise<void> {
  const slide = await openSlide(sources, on);
  try {
    const { width, height, levels, mpp, associated } = slide.metadata;
    for (const level of levels) {
      const sides = [level.width, level.height, level.tileWidth, level.tileHeight];
      assert(
        sides.every((side) => Number.isInteger(side) && side > 0),
        `sides ${sides.join()}`,
      );
      assert(level.downsample >= 1, `downsample ${level.downsample}`);
    }
    assert(mpp === null || (mpp.x > 0 && mpp.y > 0), 'pixel size');
    structuredClone(slide.metadata);
    for (const { name } of associated) {
      await slide.associatedImage(name).catch((error: unknown) => {
        if (!isSlideError(error)) throw error;
      });
    }
    const size = Math.min(64, width, height);
    const rect = { x: 0, y: 0, width: Math.min(width, 256), height: Math.min(height, 256) };
    for (const level of levels.keys()) {
      await readRegion(slide, rect, size, size, { decoder: on.decoder, cache: new TileCache(1e6), level });
    }
  } finally {
    slide.close();
  }
}

/** A format, or a part of it, that is mutated. */
export interface SlideMutants {
  readonly name: string;
  readonly make: (random: Random) => Uint8Array;
}

/** Mutants of a TIFF's numbers. */
export function tiffMutants(name: string, bytes: Uint8Array): SlideMutants {
  const fields = tiffFields(bytes);
  assert(fields.length > 40, `${name} has ${fields.length} fields`);
  return { name, make: (random) => mutatedFields(bytes, fields, random) };
}

/** Mutants of bytes, most of them in the given part, or anywhere. */
export function byteMutants(name: string, bytes: Uint8Array, from = 0, span = bytes.length): SlideMutants {
  return { name, make: (random) => mutatedBytes(bytes, random, { from, span }) };
}
