/** A Segmenter that computes batches: a single slice is a batch of one. */
import type { ModelManifest } from './manifest.ts';
import type {
  ContextFeatures,
  InputImage,
  Segmenter,
  SegmenterOptions,
  SliceInContext,
  SliceInput,
  SliceMaps,
} from './segmenter.ts';

export abstract class BatchSegmenter implements Segmenter {
  abstract readonly manifest: ModelManifest;

  abstract encodeContext(context: InputImage): ContextFeatures;

  abstract segmentBatch(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options?: SegmenterOptions,
  ): Promise<SliceMaps[]>;

  async segment(
    slice: InputImage,
    context: ContextFeatures | null,
    sliceInContext: SliceInContext | null,
    options: SegmenterOptions = {},
  ): Promise<SliceMaps> {
    const [maps] = await this.segmentBatch([{ image: slice, sliceInContext }], context, options);
    if (maps === undefined) throw new Error('The graph returned no slice.');
    return maps;
  }

  abstract dispose(): void;
}
