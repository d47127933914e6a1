/** Shades the background, to show what a run would skip. */
import { useEffect, useRef, useState } from 'react';
import type { TissueMask } from '../../segment/tissue.ts';
import { activeModel } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { SlideView } from './slide-view.ts';

export function TissueLayer({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const shown = useApp((state) => state.tissueShown && state.slide !== null);
  return shown ? <TissueShade view={view} /> : null;
}

function TissueShade({ view }: { readonly view: SlideView }): React.JSX.Element {
  const { engine } = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId ?? '');
  const modelId = useApp((state) => activeModel(state)?.id ?? null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [known, setKnown] = useState<{ key: string; mask: TissueMask | null } | null>(null);
  const key = `${slideId}/${modelId ?? ''}`;
  const mask = known?.key === key ? known.mask : null;

  useEffect(() => {
    let current = true;
    void engine.tissue().then((next) => {
      if (current) setKnown({ key, mask: next });
    });
    return () => {
      current = false;
    };
  }, [engine, key]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const shade = mask === null ? null : shadeOf(mask);
    const paint = (): void => {
      const element = context.canvas;
      const scale = window.devicePixelRatio;
      const width = Math.round(element.clientWidth * scale);
      const height = Math.round(element.clientHeight * scale);
      if (element.width !== width) element.width = width;
      if (element.height !== height) element.height = height;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      const transform = view.transform();
      if (shade === null || mask === null || transform === null) return;
      const { a, b, c, d, e, f } = transform;
      const { scaleX, scaleY } = mask;
      context.imageSmoothingEnabled = false;
      context.setTransform(
        a * scale * scaleX,
        b * scale * scaleX,
        c * scale * scaleY,
        d * scale * scaleY,
        e * scale,
        f * scale,
      );
      context.drawImage(shade, 0, 0);
    };
    paint();
    return view.onFrame(paint);
  }, [view, mask]);

  return <canvas className="overlay" ref={canvas} data-testid="tissue-layer" aria-hidden />;
}

/** Grey over background, transparent over tissue. */
function shadeOf(mask: TissueMask): OffscreenCanvas {
  const canvas = new OffscreenCanvas(mask.width, mask.height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('No 2D canvas available.');
  const image = context.createImageData(mask.width, mask.height);
  for (let at = 0; at < mask.tissue.length; at++) {
    if (mask.tissue[at] === 0) image.data.set([70, 80, 90, 110], 4 * at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
