/**
 * Images that a file stores besides the slide: label, macro, thumbnail. A thumbnail of the slide's own shape repeats the
 * tissue and is shown. The others may identify the patient, so they are read from the file only on request.
 */
import { useEffect, useRef, useState } from 'react';
import type { AssociatedImage, SlideMetadata } from '../../slide/slide.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isTissueOnly } from '../session/slide-thumbnail.ts';
import { isAbort } from '../../base/abort.ts';
import { useWorkbench } from '../workbench-context.ts';
import { PanelSection } from './section.tsx';

export interface AssociatedImagesProps {
  readonly slideId: number;
  readonly slide: Pick<SlideMetadata, 'width' | 'height' | 'associated'>;
}

/** Pass the slide id as `key`, so that the images of the next slide start hidden. */
export function AssociatedImages({ slideId, slide }: AssociatedImagesProps): React.JSX.Element | null {
  const [asked, setAsked] = useState<readonly string[]>([]);
  const images = slide.associated;
  if (images.length === 0) return null;
  const hidden = images.filter((image) => !isTissueOnly(image, slide));
  return (
    <PanelSection title="Label, macro, thumbnail" testId="associated-images">
      {images.map((image) => {
        const shown = !hidden.includes(image) || asked.includes(image.name);
        return (
          <div key={image.name} className="associated">
            {hidden.includes(image) && (
              <button
                type="button"
                className="button small"
                aria-expanded={shown}
                data-testid={`associated-toggle-${image.name}`}
                onClick={() =>
                  setAsked(shown ? asked.filter((name) => name !== image.name) : [...asked, image.name])
                }
              >
                {shown ? 'Hide' : 'Show'} {image.name}
              </button>
            )}
            {shown && <Picture slideId={slideId} image={image} />}
          </div>
        );
      })}
      {hidden.length > 0 && <p className="hint">Labels may identify the patient. Not read until shown.</p>}
    </PanelSection>
  );
}

/** Twice the panel's width, for high-density screens. */
const maxPicturePx = 480;

interface PictureProps {
  readonly slideId: number;
  readonly image: AssociatedImage;
}

function Picture({ slideId, image }: PictureProps): React.JSX.Element {
  const workbench = useWorkbench();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  const { name, width, height } = image;

  useEffect(() => {
    const controller = new AbortController();
    const draw = async (): Promise<void> => {
      try {
        const { client } = workbench.slides;
        const bitmap = await client.associatedImage(slideId, name, controller.signal);
        const context = canvas.current?.getContext('2d');
        if (context != null) {
          const scale = Math.min(1, maxPicturePx / bitmap.width);
          context.canvas.width = Math.max(1, Math.round(bitmap.width * scale));
          context.canvas.height = Math.max(1, Math.round(bitmap.height * scale));
          context.imageSmoothingQuality = 'high';
          context.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height);
        }
        bitmap.close();
      } catch (error) {
        if (controller.signal.aborted || isAbort(error)) return;
        setFailed(true);
        const entry = logEntry('warning', reportOf(error, name), null);
        workbench.store.dispatch({ type: 'log', entry });
      }
    };
    void draw();
    return () => controller.abort();
  }, [workbench, slideId, name]);

  return (
    <figure className={name === 'thumbnail' ? 'thumbnail' : undefined}>
      {failed ? (
        <p className="hint">This image can't be read.</p>
      ) : (
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Slide ${name}`}
          style={{ aspectRatio: `${width} / ${height}` }}
          data-testid={`associated-${name}`}
        />
      )}
    </figure>
  );
}
