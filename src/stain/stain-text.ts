/** Stains as text, for the command line and what is saved: `he`, `hdab`, or two vectors as `0.65,0.7,0.29;0.27,0.57,0.78`. */
import { StainError } from './stain-error.ts';
import { stainPresets, unitVector, unmixMatrix, type StainSet, type StainVector } from './stain-vectors.ts';

/** Longest text that is parsed. */
export const maxStainText = 200;

/** @throws StainError */
export function parseStains(text: string): StainSet {
  const word = text.trim().toLowerCase();
  if (word === 'he' || word === 'hdab') return stainPresets[word];
  const vectors = text.length > maxStainText ? [] : text.split(';').map(parseVector);
  const [first, second] = vectors;
  if (vectors.length !== 2 || first == null || second == null) {
    throw new StainError(
      'vector',
      `"${text.slice(0, maxStainText)}" names no stains.`,
      'Give he, hdab, or two vectors of red, green and blue: 0.65,0.7,0.29;0.27,0.57,0.78.',
    );
  }
  unmixMatrix(first, second);
  return { kind: 'own', first: unitVector(first), second: unitVector(second) };
}

/** Parses the same; own vectors with four decimals. */
export function stainText({ kind, first, second }: StainSet): string {
  if (kind !== 'own') return kind;
  return [first, second].map((vector) => vector.map((value) => value.toFixed(4)).join(',')).join(';');
}

function parseVector(text: string): StainVector | null {
  const parts = text.split(',').map((part) => part.trim());
  const values = parts.map(Number);
  const isNumber = (part: string, at: number): boolean => part !== '' && Number.isFinite(values[at]);
  if (parts.length !== 3 || !parts.every(isNumber)) return null;
  return [values[0]!, values[1]!, values[2]!];
}
