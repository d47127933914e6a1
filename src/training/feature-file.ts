/**
 * Encoded samples on disk: `features.bin` holds records of one length, in the machine's byte order, and `features.json` says
 * whose they are and how many are complete. A record is the features (float32), the classes of the slice and of the context
 * (bytes), the slice's place in the context (x, y, size as float64) and the CRC-32 of all that.
 */
import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { replaceFile } from '../base/replace-file.node.ts';
import type { Preset } from '../model/presets.ts';
import { encodedMaps, sizeOfMap, type EncodedSample, type FrozenStages } from './encoded-sample.ts';
import { recordBytes } from './feature-plan.ts';
import { ConfigError } from './training-config.ts';

const indexSchema = z.strictObject({
  format: z.literal('dualscope-features-1'),
  identity: z.string(),
  records: z.number().int().nonnegative(),
});

/** Never through a link, which could lead to a file of someone else; Windows has no such flag. */
const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;

export class FeatureFile {
  /** Whether the folder held features of another identity, which are gone. */
  readonly replaced: boolean;
  readonly #folder: string;
  readonly #identity: string;
  readonly #preset: Preset;
  readonly #file: FileHandle;
  /** Length of a record, bytes. */
  readonly #bytes: number;
  /** Values of the features in a record. */
  readonly #values: number;
  #complete: number;

  /** Use `open`. */
  constructor(
    folder: string,
    identity: string,
    preset: Preset,
    frozen: FrozenStages,
    file: FileHandle,
    found: { readonly complete: number; readonly replaced: boolean },
  ) {
    this.#folder = folder;
    this.#identity = identity;
    this.#preset = preset;
    this.#file = file;
    this.#bytes = recordBytes(preset, frozen);
    this.#values = encodedMaps(preset, frozen).reduce((sum, map) => sum + sizeOfMap(map), 0);
    this.#complete = found.complete;
    this.replaced = found.replaced;
  }

  /**
   * Opens the file, or starts an empty one if there is none or it has another identity.
   * @param identity of everything that the records depend on
   */
  static async open(
    folder: string,
    identity: string,
    preset: Preset,
    frozen: FrozenStages,
  ): Promise<FeatureFile> {
    const index = await readIndex(folder);
    const path = join(folder, 'features.bin');
    if (index?.identity === identity) {
      const file = await open(path, constants.O_RDWR | noFollow).catch(() => null);
      if (file !== null) {
        const { size } = await file.stat();
        // A file that was cut off keeps its whole records.
        const complete = Math.min(index.records, Math.floor(size / recordBytes(preset, frozen)));
        return new FeatureFile(folder, identity, preset, frozen, file, { complete, replaced: false });
      }
    }
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | noFollow, 0o666);
    const replaced = index !== null && index.identity !== identity;
    return new FeatureFile(folder, identity, preset, frozen, file, { complete: 0, replaced });
  }

  /** Records that can be read, from 0. */
  get complete(): number {
    return this.#complete;
  }

  /**
   * Adds records. They count as complete after `commit`.
   * @param at number of the first
   * @throws ConfigError when the disk is full.
   */
  async write(at: number, samples: readonly EncodedSample[]): Promise<void> {
    const bytes = new Uint8Array(samples.length * this.#bytes);
    samples.forEach((sample, index) => {
      const record = bytes.subarray(index * this.#bytes, (index + 1) * this.#bytes);
      const { features, classes, contextClasses, place } = sample;
      let to = 0;
      const put = (part: Uint8Array): void => {
        record.set(part, to);
        to += part.length;
      };
      put(new Uint8Array(features.buffer, features.byteOffset, features.byteLength));
      put(classes);
      if (contextClasses !== null) put(contextClasses);
      put(new Uint8Array(Float64Array.of(place.x, place.y, place.size).buffer));
      put(new Uint8Array(Uint32Array.of(crc32(record.subarray(0, to))).buffer));
    });
    try {
      await this.#file.write(bytes, 0, bytes.length, at * this.#bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new ConfigError(
        `${this.#folder}: there is no space left for the features of ${String(at)} samples and more.`,
        'Lower "featureCache.maxGB", or choose another --run.',
      );
    }
  }

  /** Declares the first `records` records complete, once they are on the disk. */
  async commit(records: number): Promise<void> {
    await this.#file.sync();
    const index = { format: 'dualscope-features-1', identity: this.#identity, records };
    await replaceFile(join(this.#folder, 'features.json'), JSON.stringify(index));
    this.#complete = records;
  }

  /** @throws Error when the record is damaged. */
  async read(at: number): Promise<EncodedSample> {
    const bytes = new Uint8Array(this.#bytes);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, at * this.#bytes);
    const end = bytes.length - 4;
    const checksum = new Uint32Array(bytes.slice(end).buffer)[0];
    if (bytesRead < bytes.length || crc32(bytes.subarray(0, end)) !== checksum) {
      throw new Error(
        `${join(this.#folder, 'features.bin')}: record ${String(at)} is damaged. Delete features.bin and run the ` +
          'command again; the features are computed again and training resumes.',
      );
    }
    const { slicePx, contextPx } = this.#preset;
    let from = this.#values * 4;
    const take = (length: number): Uint8Array<ArrayBuffer> => bytes.subarray(from, (from += length));
    const features = new Float32Array(bytes.buffer, 0, this.#values);
    const classes = take(slicePx ** 2);
    const contextClasses = contextPx === null ? null : take(contextPx ** 2);
    const [x = 0, y = 0, size = 1] = new Float64Array(take(24).slice().buffer);
    return { features, classes, contextClasses, place: { x, y, size } };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** @returns null if there is none, or none that can be read */
async function readIndex(folder: string): Promise<z.infer<typeof indexSchema> | null> {
  try {
    const text = await readFile(join(folder, 'features.json'), 'utf8');
    return indexSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
