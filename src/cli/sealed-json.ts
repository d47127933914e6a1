/** JSON files that say of what kind they are and prove that nothing in them has changed: results, and those of shards. */
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';

export interface Sealed {
  /** What the file is, and the version of its fields. */
  readonly format: string;
  /** SHA-256 of the JSON of all other fields. */
  readonly checksum: string;
}

export type FoundJson<T> =
  /** Missing or empty. */
  | { readonly kind: 'none' }
  | { readonly kind: 'intact'; readonly value: T }
  /** Of this format, but changed or cut short. */
  | { readonly kind: 'damaged' }
  /** An earlier version of the program wrote it, as far as its fields tell. */
  | { readonly kind: 'earlier' }
  /** Something else: not ours to replace. */
  | { readonly kind: 'foreign' };

/** The object with format and checksum, as the text of a file. */
export function seal<T extends object>(format: string, fields: T): { value: T & Sealed; text: string } {
  const value = { format, ...fields, checksum: checksumOf({ format, ...fields }) };
  return { value, text: `${JSON.stringify(value, null, 2)}\n` };
}

/** Reads a sealed file. @throws NodeJS.ErrnoException when it exists and can't be read. */
export async function findSealed<T extends Sealed>(path: string, format: string): Promise<FoundJson<T>> {
  const info = await lstat(path).catch(() => null);
  if (info === null) return { kind: 'none' };
  if (!info.isFile()) return { kind: 'foreign' };
  if (info.size === 0) return { kind: 'none' };
  const text = await readFile(path, 'utf8');
  const claimsFormat = text.slice(0, 200).includes(`"format": "${format}"`);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { kind: claimsFormat ? 'damaged' : 'foreign' };
  }
  if (typeof found !== 'object' || found === null) return { kind: 'foreign' };
  const { checksum, ...fields } = found as Partial<Sealed>;
  if (fields.format === format && checksum === checksumOf(fields))
    return { kind: 'intact', value: found as T };
  if (claimsFormat) return { kind: 'damaged' };
  return { kind: isEarlier(found) ? 'earlier' : 'foreign' };
}

function checksumOf(fields: object): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

/** Results without a format have been written until November 2026. */
function isEarlier(found: object): boolean {
  const { slide, model, key, areaKey } = found as Record<string, unknown>;
  const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
  return typeof slide === 'string' && typeof model === 'string' && isHash(key) && isHash(areaKey);
}
