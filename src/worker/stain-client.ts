/** The page's calls about stains, and what it needs of them itself. */
import type { SlideInput, SlideWorkerApi } from './protocol.ts';
import type { SlideKeeper } from './slide-keeper.ts';
import type { StainMethods } from './stain-protocol.ts';

export { defaultFullScale } from '../stain/deconvolve.ts';
export { binWidth, bins, checkThresholds, defaultThresholds, scoreOf } from '../stain/h-score.ts';
export { ordered } from '../stain/estimate-stains.ts';
export { StainError } from '../stain/stain-error.ts';
export { maxStainText, parseStains, stainText } from '../stain/stain-text.ts';
export { stainNames, stainPresets } from '../stain/stain-vectors.ts';

/** As `StainMethods`, each with a signal that ends it. Methods reject with a WorkerError or an AbortError. */
export type StainClient = {
  readonly [Name in keyof StainMethods]: (
    ...parameters: [...Parameters<StainMethods[Name]>, signal?: AbortSignal]
  ) => ReturnType<StainMethods[Name]>;
};

export function stainClient(keeper: SlideKeeper<SlideInput, SlideWorkerApi>): StainClient {
  return {
    stainWhite: (slideId, source, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('stainWhite', [id, source], options),
        signal,
        'background',
      ),
    estimateStains: (slideId, source, white, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('estimateStains', [id, source, white], options),
        signal,
        'background',
      ),
    stainOfArea: (slideId, source, white, area, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('stainOfArea', [id, source, white, area], options),
        signal,
        'background',
      ),
    measureStain: (slideId, source, separation, stain, area, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('measureStain', [id, source, separation, stain, area], options),
        signal,
        'background',
      ),
  };
}
