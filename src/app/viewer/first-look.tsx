/**
 * The thumbnail that the file stores, under the view's tiles: a slide without small levels would otherwise fill in tile by
 * tile over an empty pane.
 */
import { useEffect, useRef } from 'react';
import { isTissueOnly } from '../session/slide-thumbnail.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { SlideView } from './slide-view.ts';

/** Tiles of the coarsest level that come so fast that nothing is needed before them. */
const fewTiles = 4;

/** Whether the stored thumbnail is worth showing first. Slides with channels look as their view says, not as it does. */
export function hasFirstLook(
  slide: Pick<SlideMetadata, 'levels' | 'associated' | 'width' | 'height'>,
): boolean {
  const coarsest = slide.levels.at(-1);
  if (coarsest === undefined) return false;
  const { width, height, tileWidth, tileHeight } = coarsest;
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  return tiles > fewTiles && slide.associated.some((image) => isTissueOnly(image, slide));
}

export function FirstLook({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const slide = useApp((state) => state.slide);
  const shown = slide !== null && slide.metadata.channels === undefined && hasFirstLook(slide.metadata);
  return shown ? <Thumbnail key={slide.slideId} view={view} slideId={slide.slideId} /> : null;
}

function Thumbnail({
  view,
  slideId,
}: {
  readonly view: SlideView;
  readonly slideId: number;
}): React.JSX.Element {
  const { client } = useWorkbench().slides;
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null || slide === null) return;
    const controller = new AbortController();
    let picture: ImageBitmap | null = null;
    const paint = (): void => {
      const { canvas: element } = context;
      const { clientWidth, clientHeight } = element;
      if (element.width !== clientWidth) element.width = clientWidth;
      if (element.height !== clientHeight) element.height = clientHeight;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, clientWidth, clientHeight);
      const transform = view.transform();
      if (picture === null || transform === null) return;
      const { a, b, c, d, e, f } = transform;
      context.setTransform(a, b, c, d, e, f);
      context.drawImage(picture, 0, 0, slide.width, slide.height);
    };
    client.associatedImage(slideId, 'thumbnail', controller.signal).then(
      (bitmap) => {
        if (controller.signal.aborted) bitmap.close();
        else picture = bitmap;
        paint();
      },
      // The tiles come all the same.
      () => undefined,
    );
    const end = view.onFrame(paint);
    return () => {
      controller.abort();
      end();
      picture?.close();
    };
  }, [client, slideId, slide, view]);

  return <canvas className="overlay first-look" ref={canvas} data-testid="first-look" aria-hidden />;
}
