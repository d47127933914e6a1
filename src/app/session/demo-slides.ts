/** The demo slides, listed in slides/index.json. */
import { z } from 'zod';
import { shallow } from 'zustand/shallow';
import { activePaneOf, layerText } from '../state/state.ts';
import type { AppState, DemoSlide, SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';

/** Of slides/index.json. */
export const demosSchema = z.array(
  z.object({
    file: z.string().regex(/^[\w.-]+$/),
    title: z.string(),
    description: z.string(),
    synthetic: z.boolean(),
    licence: z.string(),
    thumbnail: z
      .string()
      .regex(/^[\w.-]+$/)
      .optional(),
    organ: z.string().optional(),
    stain: z.string().optional(),
    truth: z
      .string()
      .regex(/^[\w.-]+$/)
      .optional(),
  }),
);

/** @throws Error when the list is missing; ZodError when it is invalid. */
export async function fetchDemoSlides(): Promise<DemoSlide[]> {
  const response = await fetch('./slides/index.json');
  if (!response.ok) throw new Error(`Demo slide list unavailable (HTTP ${response.status}).`);
  return demosSchema.parse(await response.json());
}

export function demoChoice(demo: DemoSlide): SlideChoice {
  const url = `slides/${demo.file}`;
  return { key: `url:${url}`, title: demo.title, input: { kind: 'url', url } };
}

/** Offers the ground truth of a demo slide whenever one opens or its model changes. */
export function watchDemoTruth(store: AppStore, offer: (file: File) => Promise<void>): void {
  store.subscribe(
    (state) => [demoOf(state)?.truth, state.slide?.slideId, layerText(activePaneOf(state).layer)] as const,
    ([truth]) => {
      if (truth !== undefined) void fetchTruth(truth).then((file) => file && offer(file));
    },
    { equalityFn: shallow, fireImmediately: true },
  );
}

/** The open demo slide; undefined if the open slide is not one. */
export function demoOf({ slide, demos }: AppState): DemoSlide | undefined {
  return demos.find((demo) => demoChoice(demo).key === slide?.choice.key);
}

/** null if it cannot be fetched. No error: the slide is usable without it. */
async function fetchTruth(name: string): Promise<File | null> {
  const response = await fetch(`./slides/${name}`).catch(() => null);
  return response?.ok === true ? new File([await response.blob()], name) : null;
}
