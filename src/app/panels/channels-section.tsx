/** Channels of a fluorescence slide: which are shown, in which colours, stretched over which values. */
import { SlidersHorizontal } from 'lucide-react';
import { useEffect, useState } from 'react';
import {
  channelTitle,
  colourText,
  defaultChannelView,
  maxShownChannels,
  parseColour,
} from '../../worker/slide-client.ts';
import { tip } from '../frame/tip.ts';
import type { ChannelMeasure, ChannelSetting, SlideChannel } from '../../slide/channels/channel-view.ts';
import { isAbort } from '../../base/abort.ts';
import { formatCount } from '../format.ts';
import { CommandButton } from '../commands/command-button.tsx';
import type { OpenSlide } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { ChannelWindow, windowInUse } from './channel-window.tsx';
import { PanelSection } from './section.tsx';

export function ChannelsSection(): React.JSX.Element | null {
  const slide = useApp((state) => state.slide);
  const channels = slide?.metadata.channels;
  if (slide === null || channels === undefined) return null;
  return (
    <PanelSection title="Channels" testId="channels-section">
      <ChannelList key={slide.slideId} slide={slide} channels={channels} />
    </PanelSection>
  );
}

interface ChannelListProps {
  readonly slide: OpenSlide;
  readonly channels: readonly SlideChannel[];
}

function ChannelList({ slide, channels }: ChannelListProps): React.JSX.Element {
  const { slides } = useWorkbench();
  const [edited, setEdited] = useState<number | null>(null);
  const view = slide.channels ?? defaultChannelView(channels);
  const shown = view.filter(({ on }) => on).length;
  const measures = useMeasures(slide.slideId, view, edited);
  return (
    <>
      <ul className="channels">
        {channels.map((channel, index) => {
          const setting = view[index];
          return setting === undefined ? null : (
            <ChannelItem
              key={index}
              index={index}
              channel={channel}
              setting={setting}
              measure={measures.get(index) ?? null}
              full={shown >= maxShownChannels}
              edited={edited === index}
              onEdit={() => setEdited(edited === index ? null : index)}
              onChange={(change) => slides.channels.change(index, change)}
            />
          );
        })}
      </ul>
      {shown >= maxShownChannels && (
        <p className="hint">{maxShownChannels} channels are shown, the most at once.</p>
      )}
      <div className="button-row">
        <CommandButton id="slide.reset-channels" label="Reset all" className="small" />
      </div>
    </>
  );
}

interface ChannelItemProps {
  readonly index: number;
  readonly channel: SlideChannel;
  readonly setting: ChannelSetting;
  readonly measure: ChannelMeasure | null;
  /** Whether no more channels can be shown. */
  readonly full: boolean;
  /** Whether its window can be edited. */
  readonly edited: boolean;
  readonly onEdit: () => void;
  readonly onChange: (change: Partial<ChannelSetting>) => void;
}

function ChannelItem({
  index,
  channel,
  setting,
  measure,
  full,
  edited,
  onEdit,
  onChange,
}: ChannelItemProps): React.JSX.Element {
  const title = channelTitle(channel, index);
  const { on, colour, window: chosen } = setting;
  const window = windowInUse(channel, chosen, measure);
  return (
    <li data-testid={`channel-${index + 1}`}>
      <div className="channel-line">
        <label>
          <input
            type="checkbox"
            checked={on}
            disabled={!on && full}
            onChange={({ target }) => onChange({ on: target.checked })}
          />
          <span className="channel-name" {...tip(title)}>
            {title}
          </span>
        </label>
        {window !== null && (
          <span className="figure" {...tip(chosen === null ? 'Automatic window' : 'Window set by you')}>
            {formatCount(window[0])}–{formatCount(window[1])}
          </span>
        )}
        <input
          type="color"
          aria-label={`Colour of ${title}`}
          {...tip(`Colour of ${title}`)}
          value={`#${colourText(colour)}`}
          onChange={({ target }) => onChange({ colour: parseColour(target.value) ?? colour })}
        />
        <button
          type="button"
          className="button icon-button small-icon"
          aria-label={`Window of ${title}`}
          {...tip(`Window of ${title}`)}
          aria-expanded={edited}
          onClick={onEdit}
        >
          <SlidersHorizontal size={13} aria-hidden />
        </button>
      </div>
      {edited && (
        <ChannelWindow
          title={title}
          channel={channel}
          chosen={chosen}
          measure={measure}
          onChange={(next) => onChange({ window: next })}
        />
      )}
    </li>
  );
}

/** What is measured of the channels on the screen and of the edited one, by channel. */
function useMeasures(
  slideId: number,
  view: readonly ChannelSetting[],
  edited: number | null,
): ReadonlyMap<number, ChannelMeasure> {
  const { slides } = useWorkbench();
  const [measures, setMeasures] = useState<ReadonlyMap<number, ChannelMeasure>>(new Map());
  const wanted = view.flatMap(({ on }, index) => (on || index === edited ? [index] : [])).join();
  useEffect(() => {
    const controller = new AbortController();
    for (const index of wanted === '' ? [] : wanted.split(',').map(Number)) {
      slides.client.measureChannel(slideId, index, controller.signal).then(
        (measure) => {
          if (!controller.signal.aborted) setMeasures((known) => new Map(known).set(index, measure));
        },
        (error: unknown) => {
          if (!isAbort(error)) slides.onTileError(error);
        },
      );
    }
    return () => controller.abort();
  }, [slides, slideId, wanted]);
  return measures;
}
