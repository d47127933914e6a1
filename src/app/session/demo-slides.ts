/** The slides that come with the app: slides/index.json. */
import { z } from 'zod';
import type { DemoSlide, SlideChoice } from '../state/state.ts';

const demosSchema = z.array(
  z.object({
    file: z.string().regex(/^[\w.-]+$/),
    title: z.string(),
    description: z.string(),
    synthetic: z.boolean(),
    licence: z.string(),
  }),
);

/** @throws Error when the list is absent or not valid. */
export async function fetchDemoSlides(): Promise<DemoSlide[]> {
  const response = await fetch('./slides/index.json');
  if (!response.ok) throw new Error(`The list of demo slides can't be read (HTTP ${response.status}).`);
  return demosSchema.parse(await response.json());
}

export function demoChoice(demo: DemoSlide): SlideChoice {
  const url = `slides/${demo.file}`;
  return { key: `url:${url}`, title: demo.title, input: { kind: 'url', url } };
}
