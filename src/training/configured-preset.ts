/** The preset that a configuration trains: one of the named ones, with as many classes and at the sizes that it says. */
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
  classes,
}: Pick<TrainingConfig, 'preset' | 'geometry' | 'classes'>): Preset {
  const named = presetById(id);
  const preset = { ...named, network: { ...named.network, classes: classes.length } };
  if (geometry === undefined) return preset;
  const { slicePx, sliceFieldUm, contextPx = slicePx, contextFieldUm } = geometry;
  const slice = { slicePx, sliceFieldUm };
  if (preset.contextKind === 'none') return { ...preset, ...slice };
  if (preset.contextKind === 'same') {
    return { ...preset, ...slice, contextPx: slicePx / 2, contextFieldUm: sliceFieldUm };
  }
  return { ...preset, ...slice, contextPx, contextFieldUm: contextFieldUm ?? preset.contextFieldUm };
}
