/** Slides that can be opened: demo slides, and those that the user has opened or is offered. Pure. */
import type { SlideInput } from '../../worker/protocol.ts';

/** An entry of slides/index.json. */
export interface DemoSlide {
  /** Relative to slides/. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly synthetic: boolean;
  readonly licence: string;
  /** A picture, relative to slides/. */
  readonly thumbnail?: string | undefined;
  readonly organ?: string | undefined;
  readonly stain?: string | undefined;
  /** Ground truth file, relative to slides/. */
  readonly truth?: string | undefined;
}

/** A slide that can be reopened with one click, because the page still holds its files or URL. */
export interface SlideChoice {
  readonly key: string;
  readonly title: string;
  readonly input: SlideInput;
}

/** The list with `choice`, first if it is new. */
export function withOpened(opened: readonly SlideChoice[], choice: SlideChoice): readonly SlideChoice[] {
  return opened.some(({ key }) => key === choice.key) ? opened : [choice, ...opened];
}

/** The list with `choices` first, each slide once. */
export function withOffered(
  opened: readonly SlideChoice[],
  choices: readonly SlideChoice[],
): readonly SlideChoice[] {
  const keys = new Set(choices.map(({ key }) => key));
  return [...choices, ...opened.filter(({ key }) => !keys.has(key))];
}
