/**
 * A channel view as text, for links, session files and the command line: `1,3:ff0000,4:00ff00:200-4000,-2:0000ff`. Channels
 * are numbered from 1; colour and window follow where they are not the slide's own. One with a minus is off, as is one
 * that is not listed. `none` turns all off.
 */
import {
  defaultChannelView,
  maxShownChannels,
  type ChannelColour,
  type ChannelSetting,
  type ChannelView,
  type SlideChannel,
  type ValueWindow,
} from './channel-view.ts';

/** Longest text that is parsed: all channels with colour and window. */
export const maxViewText = 4096;

const none = 'none';

/** @returns null for the view that nobody has changed. */
export function channelViewText(view: ChannelView, channels: readonly SlideChannel[]): string | null {
  const own = defaultChannelView(channels);
  if (isSameView(view, own)) return null;
  const parts = channels.flatMap(({ colour }, index) => {
    const setting = view[index];
    if (setting === undefined) return [];
    const details = [
      ...(isSame(setting.colour, colour) ? [] : [colourText(setting.colour)]),
      ...(setting.window === null ? [] : [setting.window.join('-')]),
    ];
    if (!setting.on && details.length === 0) return [];
    return [[`${setting.on ? '' : '-'}${index + 1}`, ...details].join(':')];
  });
  return parts.length === 0 ? none : parts.join(',');
}

/** A view, or why a text is none: a sentence. */
export type ParsedChannelView =
  | { readonly kind: 'view'; readonly view: ChannelView }
  | { readonly kind: 'wrong'; readonly problem: string };

/** Parses the output of `channelViewText`, as of a slide with these channels. */
export function parseChannelView(text: string, channels: readonly SlideChannel[]): ParsedChannelView {
  if (text.length > maxViewText) return wrong('The list of channels is too long.');
  const view: ChannelSetting[] = defaultChannelView(channels).map((each) => ({ ...each, on: false }));
  const listed = new Set<number>();
  for (const part of text === none ? [] : text.split(',')) {
    const match = /^(-?)(\d{1,3})(?::([0-9a-f]{6}))?(?::(\d{1,5})-(\d{1,5}))?$/i.exec(part.trim());
    if (match === null) {
      return wrong(`"${part.trim()}" is no channel. Write 3, 3:ff0000, 3:200-4000 or 3:ff0000:200-4000.`);
    }
    const index = Number(match[2]) - 1;
    const channel = channels[index];
    if (channel === undefined) {
      return wrong(`There is no channel ${match[2]}; the slide has 1 to ${channels.length}.`);
    }
    if (listed.has(index)) return wrong(`Channel ${index + 1} is listed twice.`);
    listed.add(index);
    const window: ValueWindow | null = match[4] === undefined ? null : [Number(match[4]), Number(match[5])];
    if (window !== null && !isWindow(window, channel)) {
      const most = 2 ** channel.bits - 1;
      return wrong(`The window ${window.join('-')} does not rise, or exceeds the largest value, ${most}.`);
    }
    const colour = match[3] === undefined ? channel.colour : parseColour(match[3])!;
    view[index] = { on: match[1] === '', colour, window };
  }
  const shown = view.filter(({ on }) => on).length;
  return shown > maxShownChannels
    ? wrong(`At most ${maxShownChannels} channels are shown at once, not ${shown}.`)
    : { kind: 'view', view };
}

const wrong = (problem: string): ParsedChannelView => ({ kind: 'wrong', problem });

/** Whether a window lies within the values of a channel. */
export function isWindow([low, high]: ValueWindow, { bits }: Pick<SlideChannel, 'bits'>): boolean {
  return low >= 0 && low < high && high < 2 ** bits;
}

/** Whether two views of a slide show the same. */
export function isSameView(one: ChannelView, other: ChannelView): boolean {
  return (
    one.length === other.length &&
    one.every(({ on, colour, window }, index) => {
      const second = other[index]!;
      return on === second.on && isSame(colour, second.colour) && isSame(window, second.window);
    })
  );
}

function isSame(one: readonly number[] | null, other: readonly number[] | null): boolean {
  return one === other || (one !== null && other !== null && one.every((value, i) => value === other[i]));
}

/** `rrggbb`. */
export function colourText(colour: ChannelColour): string {
  return colour.map((value) => value.toString(16).padStart(2, '0')).join('');
}

/** Parses `rrggbb`, with or without a hash; null for anything else. */
export function parseColour(text: string): ChannelColour | null {
  if (!/^#?[0-9a-f]{6}$/i.test(text)) return null;
  const value = Number.parseInt(text.replace('#', ''), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
