/** Where OpenSeadragon draws a slide. */
import type OpenSeadragon from 'openseadragon';
import type { SlideMetadata } from '../../slide/slide.ts';
import type { Affine } from './affine.ts';

/** Transform from level-0 pixels to CSS pixels of the current frame, as if the view were not mirrored. May have no inverse. */
export function unflippedTransform(
  viewport: OpenSeadragon.Viewport,
  item: OpenSeadragon.TiledImage,
  slide: Pick<SlideMetadata, 'width' | 'height'>,
): Affine {
  const place = (x: number, y: number): OpenSeadragon.Point =>
    viewport.pixelFromPoint(item.imageToViewportCoordinates(x, y, true), true);
  const origin = place(0, 0);
  // Far corners, because the difference of two nearby points would lose digits.
  const right = place(slide.width, 0);
  const down = place(0, slide.height);
  return {
    a: (right.x - origin.x) / slide.width,
    b: (right.y - origin.y) / slide.width,
    c: (down.x - origin.x) / slide.height,
    d: (down.y - origin.y) / slide.height,
    e: origin.x,
    f: origin.y,
  };
}
