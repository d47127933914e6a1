/** Options that several commands share. */
import { Option } from 'commander';
import { qualities } from '../segment/quality.ts';

/** The backends available in Node. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'compute backend; the fastest available by default').choices([
    'wasm',
    'webgpu',
    'cpu',
  ]);
}

/** Overlap of slices, by the app's names. */
export function qualityOption(): Option {
  return new Option('--quality <name>', 'overlap of neighbouring slices, as in the app')
    .choices(qualities.map(({ id }) => id))
    .default('standard');
}
