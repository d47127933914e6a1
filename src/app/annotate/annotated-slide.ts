/** The open slide as annotation files see it. */
import type { AnnotatedSlide } from '../../annotation/annotation-file.ts';
import type { OpenSlide } from '../state/state.ts';

export function annotatedSlide({ metadata, userMpp }: OpenSlide): AnnotatedSlide {
  const { name, format, width, height, mpp, properties } = metadata;
  return { name, format, width, height, mpp: mpp ?? userMpp, properties };
}
