/** Options that several commands have. */
import { Option } from 'commander';
import { qualities } from '../segment/quality.ts';

/** Backends that Node has. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'what computes; the fastest there is by default').choices([
    'wasm',
    'webgpu',
    'cpu',
  ]);
}

/** How much slices overlap, by the app's names. */
export function qualityOption(): Option {
  return new Option('--quality <name>', 'how much slices overlap, as in the app')
    .choices(qualities.map(({ id }) => id))
    .default('standard');
}
