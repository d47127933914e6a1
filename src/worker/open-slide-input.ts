/** Opens what the page asked for, in a worker. */
import type { Slide } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';

/** @throws SlideError when the input is no slide or can't be read. */
export async function openSlideInput(input: SlideInput, _signal: AbortSignal): Promise<Slide> {
  const name = input.kind === 'url' ? input.url : (input.files[0]?.name ?? '');
  throw new SlideError('unsupported', name, 'Slide reading is not connected yet.', 'Update Dualscope.');
}
