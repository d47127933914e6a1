/** The window of a channel: histogram, two sliders over it, two fields. */
import { useId, useState } from 'react';
import { tip } from '../frame/tip.ts';
import { isWindow } from '../../worker/slide-client.ts';
import type { ChannelMeasure, SlideChannel, ValueWindow } from '../../slide/channels/channel-view.ts';

export interface ChannelWindowProps {
  /** Name of the channel, for screen readers. */
  readonly title: string;
  readonly channel: SlideChannel;
  /** In use, as the user has set it; null for an automatic one. */
  readonly chosen: ValueWindow | null;
  /** null until it is known. */
  readonly measure: ChannelMeasure | null;
  readonly onChange: (window: ValueWindow | null) => void;
}

/** The window that a channel is shown with; null until it is measured. */
export function windowInUse(
  channel: SlideChannel,
  chosen: ValueWindow | null,
  measure: ChannelMeasure | null,
): ValueWindow | null {
  return chosen ?? channel.window ?? measure?.window ?? null;
}

export function ChannelWindow({
  title,
  channel,
  chosen,
  measure,
  onChange,
}: ChannelWindowProps): React.JSX.Element {
  const window = windowInUse(channel, chosen, measure);
  if (window === null || measure === null) return <p className="hint">Measuring…</p>;
  const [low, high] = window;
  const from = Math.min(measure.least, low);
  const to = Math.max(measure.most, high);
  const most = 2 ** channel.bits - 1;
  // The file's may reach beyond the values that there can be.
  const slide = ([black, full]: ValueWindow): void => {
    const next = [Math.max(0, Math.round(black)), Math.min(most, Math.round(full))] as const;
    if (isWindow(next, channel)) onChange(next);
  };
  return (
    <div className="channel-window" role="group" aria-label={`Window of ${title}`}>
      <div className="channel-range">
        <Histogram measure={measure} window={window} from={from} to={to} />
        <input
          type="range"
          aria-label={`Black point of ${title}`}
          {...{ min: from, max: to, step: 1, value: low }}
          data-testid="channel-low"
          onChange={({ target }) => slide([Math.min(target.valueAsNumber, high - 1), high])}
        />
        <input
          type="range"
          aria-label={`White point of ${title}`}
          {...{ min: from, max: to, step: 1, value: high }}
          data-testid="channel-high"
          onChange={({ target }) => slide([low, Math.max(target.valueAsNumber, low + 1)])}
        />
      </div>
      <div className="channel-fields">
        <ValueField
          label="Black"
          name={`Black point of ${title}, value`}
          value={low}
          least={0}
          most={high - 1}
          onChange={(value) => slide([value, high])}
        />
        <ValueField
          label="White"
          name={`White point of ${title}, value`}
          value={high}
          least={low + 1}
          most={most}
          onChange={(value) => slide([low, value])}
        />
        <span className="spacer" />
        {channel.window !== null && (
          <button
            type="button"
            className="button small"
            aria-pressed={chosen === null}
            {...tip('The window that the file states')}
            onClick={() => onChange(null)}
          >
            File
          </button>
        )}
        <button
          type="button"
          className="button small"
          aria-pressed={channel.window === null ? chosen === null : isEqual(chosen, measure.window)}
          title="From near the darkest to near the brightest value"
          data-testid="channel-auto"
          onClick={() => onChange(channel.window === null ? null : measure.window)}
        >
          Auto
        </button>
      </div>
    </div>
  );
}

const isEqual = (one: ValueWindow | null, other: ValueWindow): boolean =>
  one !== null && one[0] === other[0] && one[1] === other[1];

interface HistogramProps {
  readonly measure: ChannelMeasure;
  readonly window: ValueWindow;
  /** Values at the left and right edge. */
  readonly from: number;
  readonly to: number;
}

const histogramSize = { width: 256, height: 36 } as const;

/** Pixels by value, on a logarithmic scale: the background has far more of them than all cells. */
function Histogram({ measure, window, from, to }: HistogramProps): React.JSX.Element {
  const { width, height } = histogramSize;
  const { least, most, histogram } = measure;
  const across = (value: number): number => (width * (value - from)) / Math.max(1, to - from);
  const tallest = Math.log1p(Math.max(...histogram));
  const step = (most - least + 1) / histogram.length;
  // Bars of values that are all black or all full are fainter.
  const paths = { inside: '', outside: '' };
  for (const [i, count] of histogram.entries()) {
    const start = least + i * step;
    const isInside = start + step > window[0] && start < window[1];
    const left = across(start);
    const right = across(Math.min(to, start + step));
    const top = height * (1 - Math.log1p(count) / Math.max(1, tallest));
    paths[isInside ? 'inside' : 'outside'] += `M${left} ${height}V${top}H${right}V${height}Z`;
  }
  const [low, high] = [across(window[0]), across(window[1])];
  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden
      data-testid="channel-histogram"
    >
      <rect className="histogram-window" x={low} width={Math.max(0, high - low)} height={height} />
      <path className="histogram-outside" d={paths.outside} />
      <path className="histogram-inside" d={paths.inside} />
    </svg>
  );
}

interface ValueFieldProps {
  readonly label: string;
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
}

/** A field for a whole number. What is being typed counts once it is a value that is allowed. */
function ValueField({ label, name, value, least, most, onChange }: ValueFieldProps): React.JSX.Element {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const isAllowed = (text: string): boolean =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
  return (
    <span className="value-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        {...{ min: least, max: most, step: 1 }}
        aria-label={name}
        aria-invalid={typed !== null && !isAllowed(typed)}
        value={typed ?? value}
        onChange={({ target }) => {
          setTyped(target.value);
          if (isAllowed(target.value)) onChange(Number(target.value));
        }}
        onBlur={() => setTyped(null)}
      />
    </span>
  );
}
