/** Organ and stain: their names and synonyms, and what the user entered for each slide. */
import { z } from 'zod';
import { fluorescentStain, isFluorescence, statedStain } from '../../worker/segment-client.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

/** null means unknown. */
export interface Specimen {
  readonly organ: string | null;
  readonly stain: string | null;
}

export const unknownSpecimen: Specimen = { organ: null, stain: null };

/** Synonyms of each displayed name. */
const organs: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['breast', /breast|mamm/i],
  ['colon', /colon|colorect|large (intestine|bowel)|sigmoid|rectum|rectal|ca?ecum/i],
  ['kidney', /kidney|renal/i],
  ['liver', /liver|hepat/i],
  ['lung', /lung|pulmon/i],
  ['lymph node', /lymph/i],
  ['prostate', /prostat/i],
  ['skin', /skin|cutan|derm/i],
  ['stomach', /stomach|gastric/i],
];

const stains: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['H&E', /\bh\s*&\s*e\b|^he$|ha?ematoxylin.*eosin|eosin.*ha?ematoxylin/i],
  ['fluorescence', fluorescentStain],
  ['immunohistochemistry', /\bihc\b|immuno|\bdab\b|diaminobenzidine/i],
  ['PAS', /\bpas\b|periodic acid/i],
  ['trichrome', /trichrome/i],
];

/** Choices in the interface. */
export const organNames: readonly string[] = organs.map(([name]) => name);
export const stainNames: readonly string[] = stains.map(([name]) => name);

/** The displayed name for any synonym. */
export function organName(text: string): string {
  return nameOf(text, organs);
}

export function stainName(text: string): string {
  return nameOf(text, stains);
}

function nameOf(text: string, known: typeof organs): string {
  return known.find(([, pattern]) => pattern.test(text))?.[0] ?? text.trim().toLowerCase();
}

/** Organ and stain from a slide's metadata. */
export function specimenOf(metadata: Pick<SlideMetadata, 'properties' | 'channels'>): Specimen {
  const { properties } = metadata;
  const find = (pattern: RegExp): string | null => {
    const entry = Object.entries(properties).find(([key, value]) => pattern.test(key) && value.trim() !== '');
    return entry?.[1].trim() ?? null;
  };
  const stain = statedStain(metadata) ?? (isFluorescence(metadata) ? 'fluorescence' : null);
  return { organ: find(/^(organ|tissue|body ?part ?examined|anatomic ?region)$/i), stain };
}

/** The first known organ and the first known stain. */
export function firstKnown(...said: readonly Specimen[]): Specimen {
  return {
    organ: said.find(({ organ }) => organ !== null)?.organ ?? null,
    stain: said.find(({ stain }) => stain !== null)?.stain ?? null,
  };
}

const storageKey = 'dualscope.specimens';
const storedName = z.string().max(80).nullable();
const storedSchema = validEntries(z.object({ organ: storedName, stain: storedName }));

/** What the user entered, by slide fingerprint. */
export function recallSpecimens(storage: KeyValueStorage | null): Record<string, Specimen> {
  return readStored(storage, storageKey, storedSchema, {});
}

/** Saves entries that name an organ or a stain. If storage is full or blocked, they last until the page closes. */
export function rememberSpecimens(
  storage: KeyValueStorage | null,
  specimens: Readonly<Record<string, Specimen>>,
): void {
  const given = Object.entries(specimens).filter(([, { organ, stain }]) => organ !== null || stain !== null);
  writeStored(storage, storageKey, Object.fromEntries(given));
}
