/** A request as a call of `dualscope segment`, for the program and for people. */
import type { SlideRequest } from '../../cohort/request.ts';
import { shardText, type Shard } from '../../segment/sub-plan.ts';
import type { Slide } from '../../slide/slide.ts';
import type { SegmentCall } from '../segment-run.ts';

export function segmentCall(
  { source, model, settings }: SlideRequest,
  slide: Slide,
  out: string,
): SegmentCall {
  const { quality, glass, simplify, mpp, backend } = settings;
  return {
    files: [source],
    model,
    out,
    resume: true,
    quality,
    glass,
    simplify,
    ...(mpp === null || slide.metadata.mpp !== null ? {} : { mpp }),
    ...(backend === null ? {} : { backend }),
  };
}

/** The same, for a person who wants to do it by hand. @param what `segment` or `merge`. */
export function asCommand(
  what: 'segment' | 'merge',
  { files, model, out, quality, glass, simplify, mpp, backend }: SegmentCall,
  shard: Shard | null = null,
): string {
  const quoted = (text: string): string =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const words = ['dualscope', what, ...files, '--model', model, '--out', out];
  words.push('--quality', quality, '--glass', glass, '--simplify', String(simplify));
  if (mpp !== undefined) words.push('--mpp', String(mpp));
  if (backend !== undefined && what === 'segment') words.push('--backend', backend);
  if (what === 'segment') words.push('--resume');
  if (shard !== null) words.push('--shard', shardText(shard));
  return [...words, '--json'].map(quoted).join(' ');
}
