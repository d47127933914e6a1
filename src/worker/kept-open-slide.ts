/** Keeps the slide that was opened last open, so that several models read its header and decode its tiles once. */
import type { Slide } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';

interface Kept {
  readonly key: string;
  readonly slide: Promise<Slide>;
  /** How often it is open now. */
  users: number;
}

/**
 * `open`, with the difference that opening the same slide again gives the same object, also after it was closed, until
 * another slide is opened. Decoded tiles are kept by that object (src/slide/tile-cache.ts).
 */
export function keepOpen(open: (input: SlideInput) => Promise<Slide>): (input: SlideInput) => Promise<Slide> {
  let last: Kept | null = null;

  const release = async (kept: Kept): Promise<void> => {
    if (kept.users > 0 || kept === last) return;
    await kept.slide.then(
      (slide) => slide.close(),
      () => undefined,
    );
  };

  return async (input) => {
    const key = keyOf(input);
    let kept = last;
    if (kept?.key !== key) {
      const before = last;
      const created: Kept = { key, slide: open(input), users: 0 };
      kept = last = created;
      if (before !== null) void release(before);
      // A slide that failed is tried again the next time.
      created.slide.catch(() => {
        if (last === created) last = null;
      });
    }
    const mine = kept;
    mine.users++;
    try {
      return shared(await mine.slide, mine, () => void release(mine));
    } catch (error) {
      mine.users--;
      throw error;
    }
  };
}

/** One object per kept slide, whoever has opened it. */
const views = new WeakMap<Kept, Slide>();

function shared(slide: Slide, kept: Kept, release: () => void): Slide {
  let view = views.get(kept);
  if (view === undefined) {
    view = {
      metadata: slide.metadata,
      tile: (...call) => slide.tile(...call),
      associatedImage: (...call) => slide.associatedImage(...call),
      iccProfile: (...call) => slide.iccProfile(...call),
      close: () => {
        kept.users--;
        release();
      },
    };
    views.set(kept, view);
  }
  return view;
}

/** Files arrive as copies with every message; what they are called, their size and their date tell them apart. */
function keyOf(input: SlideInput): string {
  if (input.kind === 'url') return `url ${input.url}`;
  return `files ${input.files.map(({ name, size, lastModified }) => `${name}/${size}/${lastModified}`).join()}`;
}
