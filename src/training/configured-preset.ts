/** The preset that a configuration trains: one of the named ones, at sizes of its own where it says so. */
import { presetById, type Preset } from '../model/presets.ts';
import type { TrainingConfig } from './training-config.ts';

/**
 * Kind `same` keeps the slice's field and reads it at half the size; others take the context's size and field of the
 * configuration.
 * @throws Error when there is no such preset.
 */
export function configuredPreset({
  preset: id,
  geometry,
}: Pick<TrainingConfig, 'preset' | 'geometry'>): Preset {
  const preset = presetById(id);
  if (geometry === undefined) return preset;
  const { slicePx, sliceFieldUm, contextPx = slicePx, contextFieldUm } = geometry;
  const slice = { slicePx, sliceFieldUm };
  if (preset.contextKind === 'none') return { ...preset, ...slice };
  if (preset.contextKind === 'same') {
    return { ...preset, ...slice, contextPx: slicePx / 2, contextFieldUm: sliceFieldUm };
  }
  return { ...preset, ...slice, contextPx, contextFieldUm: contextFieldUm ?? preset.contextFieldUm };
}
