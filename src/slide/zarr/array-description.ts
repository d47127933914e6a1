/** What a Zarr array says of itself (Zarr 2: `.zarray`; Zarr 3: `zarr.json`), checked before any of it is read. */
import { maxSide, maxTilePixels } from '../limits.ts';
import { fields, list, type Fields } from './json-fields.ts';

export interface ArrayDescription {
  readonly shape: readonly number[];
  /** Shape of what is decoded at once: a chunk, or within a shard an inner one. */
  readonly chunk: readonly number[];
  /** Shape of a shard; null without. */
  readonly shard: readonly number[] | null;
  readonly bits: 8 | 16;
  /** Names of the compressors, for people; empty where there is none. */
  readonly compression: string;
  /** Path of the file of a chunk, or where there are shards of a shard, within the array. */
  readonly fileOf: (coordinates: readonly number[]) => string;
}

/** A sentence about an array that is not read. */
export class UnreadArray extends Error {}

const nameOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 64) : '?');

/** Most chunks of a shard: its index takes 16 bytes for each. */
const maxShardChunks = 2 ** 18;
/** Most values of a chunk: it may hold several planes. */
const maxChunkValues = 2 * maxTilePixels;

const dataTypes: Readonly<Record<string, 8 | 16>> = {
  '|u1': 8,
  '<u1': 8,
  '>u1': 8,
  uint8: 8,
  '<u2': 16,
  '>u2': 16,
  uint16: 16,
};

const compressors: Readonly<Record<string, string>> = {
  blosc: 'Blosc',
  zstd: 'Zstandard',
  gzip: 'gzip',
  zlib: 'zlib',
};

/** @param json a parsed `.zarray` or `zarr.json`. @throws UnreadArray. */
export function describeArray(json: unknown): ArrayDescription {
  const data = fields(json);
  return data.zarr_format === 3 ? describeV3(data) : describeV2(data);
}

function describeV2(data: Fields): ArrayDescription {
  if (data.zarr_format !== 2) throw new UnreadArray('Its description has no known version.');
  const bits = bitsOf(data.dtype);
  if (data.filters != null && !(Array.isArray(data.filters) && data.filters.length === 0)) {
    throw new UnreadArray(`Its filter ${nameOf(fields(list(data.filters)[0]).id)} is not supported.`);
  }
  if (data.order !== undefined && data.order !== 'C' && data.order !== 'F') {
    throw new UnreadArray('The order of its values is unknown.');
  }
  const compressor =
    data.compressor == null ? '' : compressorName(fields(data.compressor).id, data.compressor);
  const separator = data.dimension_separator === '/' ? '/' : '.';
  return {
    ...checked(data.shape, data.chunks, null, bits),
    compression: compressor,
    fileOf: (at) => at.join(separator),
  };
}

function describeV3(data: Fields): ArrayDescription {
  if (data.node_type !== 'array') throw new UnreadArray('It is not an array.');
  const bits = bitsOf(data.data_type);
  const grid = fields(data.chunk_grid);
  if (grid.name !== 'regular') throw new UnreadArray(`Its chunk grid ${nameOf(grid.name)} is not supported.`);
  const outer = fields(grid.configuration).chunk_shape;
  if (!Array.isArray(data.codecs)) throw new UnreadArray('Its list of codecs is damaged.');
  const codecs = list(data.codecs).map(fields);
  const sharding = codecs.find(({ name }) => name === 'sharding_indexed');
  const fileOf = fileNames(fields(data.chunk_key_encoding));
  if (sharding === undefined) {
    return { ...checked(data.shape, outer, null, bits), compression: codecNames(codecs), fileOf };
  }
  if (codecs.length > 1) throw new UnreadArray('Its shards are encoded again, which is not supported.');
  const inner = fields(sharding.configuration);
  if (!Array.isArray(inner.codecs) || !Array.isArray(inner.index_codecs))
    throw new UnreadArray('Its list of codecs is damaged.');
  for (const { name } of list(inner.index_codecs).map(fields)) {
    if (name !== 'bytes' && name !== 'crc32c')
      throw new UnreadArray(`The codec ${nameOf(name)} of its shards’ index is not supported.`);
  }
  if (inner.index_location !== undefined && inner.index_location !== 'end') {
    throw new UnreadArray('The index of its shards is at their start, which is not supported.');
  }
  return {
    ...checked(data.shape, inner.chunk_shape, outer, bits),
    compression: codecNames(list(inner.codecs).map(fields)),
    fileOf,
  };
}

function fileNames({ name, configuration }: Fields): ArrayDescription['fileOf'] {
  const separator = fields(configuration).separator;
  if (name === 'v2') return (at) => at.join(separator === '/' ? '/' : '.');
  return (at) => ['c', ...at].join(separator === '.' ? '.' : '/');
}

function codecNames(codecs: readonly Fields[]): string {
  const names = codecs.flatMap((codec) => {
    const name = nameOf(codec.name);
    if (name === 'bytes' || name === 'transpose' || name === 'crc32c') return [];
    return [compressorName(name, codec.configuration)];
  });
  return names.join(', ');
}

function compressorName(id: unknown, configuration: unknown): string {
  const known = typeof id === 'string' && Object.hasOwn(compressors, id) ? compressors[id] : undefined;
  if (known === undefined) throw new UnreadArray(`Its codec ${nameOf(id)} is not supported.`);
  const inner = fields(configuration).cname;
  return id === 'blosc' && typeof inner === 'string' ? `${known} (${inner.slice(0, 16)})` : known;
}

function bitsOf(type: unknown): 8 | 16 {
  const bits = typeof type === 'string' && Object.hasOwn(dataTypes, type) ? dataTypes[type] : undefined;
  if (bits === undefined) {
    throw new UnreadArray(
      `Its values are of type ${nameOf(type)}; only whole numbers of 8 or 16 bits without a sign are supported.`,
    );
  }
  return bits;
}

function checked(
  shape: unknown,
  chunk: unknown,
  shard: unknown,
  bits: 8 | 16,
): Omit<ArrayDescription, 'compression' | 'fileOf'> {
  const [sides, chunkSides] = [sidesOf(shape), sidesOf(chunk)];
  const shardSides = shard === null ? null : sidesOf(shard);
  if (
    sides === null ||
    chunkSides?.length !== sides.length ||
    sides.length < 2 ||
    sides.length > 5 ||
    (shard !== null && shardSides?.length !== sides.length)
  ) {
    throw new UnreadArray('The shape of it or of its chunks is damaged.');
  }
  if (product(chunkSides) > maxChunkValues) {
    throw new UnreadArray(`Its chunks of ${chunkSides.join(' × ')} values are too large.`);
  }
  if (shardSides !== null) {
    const inShard = shardSides.map((side, i) => side / chunkSides[i]!);
    if (!inShard.every(Number.isInteger) || product(inShard) > maxShardChunks) {
      throw new UnreadArray(`Its shards of ${shardSides.join(' × ')} values can’t be divided into chunks.`);
    }
  }
  return { shape: sides, chunk: chunkSides, shard: shardSides, bits };
}

function sidesOf(value: unknown): readonly number[] | null {
  const sides = list(value).filter((side): side is number => typeof side === 'number');
  const isWhole = sides.every((side) => Number.isInteger(side) && side > 0 && side < maxSide);
  return sides.length === list(value).length && isWhole ? sides : null;
}

export const product = (sides: readonly number[]): number => sides.reduce((all, side) => all * side, 1);
