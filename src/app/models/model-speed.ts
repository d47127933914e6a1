/** Speed of models on this device: measured in earlier runs, else estimated from another model. */
import { z } from 'zod';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';

/** Slices per second of each model, by id. */
export type Speeds = Readonly<Record<string, number>>;

export interface ExpectedSpeed {
  readonly slicesPerSecond: number;
  /** Measured with this model, or estimated from another by the ratio of multiply-accumulates. */
  readonly measured: boolean;
}

interface Costs {
  readonly id: string;
  readonly manifest: { readonly macsReusedContext: number };
}

/** null if no model has run on this device yet. */
export function expectedSpeed(model: Costs, models: readonly Costs[], speeds: Speeds): ExpectedSpeed | null {
  const own = speeds[model.id];
  if (own !== undefined) return { slicesPerSecond: own, measured: true };
  const wanted = model.manifest.macsReusedContext;
  let nearest: { readonly factor: number; readonly speed: number } | null = null;
  for (const other of models) {
    const speed = speeds[other.id];
    if (speed === undefined) continue;
    const factor = other.manifest.macsReusedContext / wanted;
    if (nearest === null || Math.abs(Math.log(factor)) < Math.abs(Math.log(nearest.factor))) {
      nearest = { factor, speed };
    }
  }
  return nearest === null ? null : { slicesPerSecond: nearest.speed * nearest.factor, measured: false };
}

const speedsSchema = validEntries(z.number().positive());

const keyOf = (device: string): string => `dualscope.speeds.${device}`;

/** @param device backend and adapter, as reported by the worker */
export function loadSpeeds(storage: KeyValueStorage | null, device: string): Speeds {
  return readStored(storage, keyOf(device), speedsSchema, {});
}

/** If storage is full or blocked, the speed is measured again next time. */
export function saveSpeeds(storage: KeyValueStorage | null, device: string, speeds: Speeds): void {
  writeStored(storage, keyOf(device), speeds);
}
