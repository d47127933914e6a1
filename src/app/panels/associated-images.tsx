/**
 * Images that a file holds beside the slide. The thumbnail shows the tissue again and is shown; every other
 * one may show the patient's name and is read from the file only when asked for.
 */
import { useEffect, useRef, useState } from 'react';
import type { AssociatedImage } from '../../slide/slide.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { isAbort } from '../../base/abort.ts';
import { useWorkbench } from '../workbench-context.ts';
import { Section } from './section.tsx';

export interface AssociatedImagesProps {
  readonly slideId: number;
  readonly images: readonly AssociatedImage[];
}

/** Give it the slide's number as key: what was shown of one slide is hidden when the next one opens. */
export function AssociatedImages({ slideId, images }: AssociatedImagesProps): React.JSX.Element | null {
  const [asked, setAsked] = useState<readonly string[]>([]);
  if (images.length === 0) return null;
  const hidden = images.filter((image) => image.name !== 'thumbnail');
  return (
    <Section title="Images beside the slide" testId="associated-images">
      {images.map((image) => {
        const shown = image.name === 'thumbnail' || asked.includes(image.name);
        return (
          <div key={image.name} className="associated">
            {image.name !== 'thumbnail' && (
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
      {hidden.length > 0 && (
        <p className="hint">Labels may name the patient. What is hidden has not been read.</p>
      )}
    </Section>
  );
}

/** Twice the width of the panel, for fine screens. */
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
          aria-label={`${name} of the slide`}
          style={{ aspectRatio: `${width} / ${height}` }}
          data-testid={`associated-${name}`}
        />
      )}
    </figure>
  );
}
