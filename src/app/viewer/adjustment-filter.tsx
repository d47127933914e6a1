/** The filter that adjusts a pane's slide, as SVG; overlays lie above it, unchanged. */
import { transferOf, useAdjustment } from './picture-adjustment.ts';

export function adjustmentFilterId(paneId: string): string {
  return `adjust-${paneId}`;
}

export function AdjustmentFilter({ paneId }: { readonly paneId: string }): React.JSX.Element {
  const { slope, intercept, exponent } = transferOf(useAdjustment(paneId));
  const channels = ['R', 'G', 'B'] as const;
  const Functions = { R: 'feFuncR', G: 'feFuncG', B: 'feFuncB' } as const;
  return (
    <svg className="visually-hidden" aria-hidden>
      <filter id={adjustmentFilterId(paneId)} colorInterpolationFilters="sRGB">
        <feComponentTransfer>
          {channels.map((channel) => {
            const Transfer = Functions[channel];
            return <Transfer key={channel} type="linear" slope={slope} intercept={intercept} />;
          })}
        </feComponentTransfer>
        <feComponentTransfer>
          {channels.map((channel) => {
            const Transfer = Functions[channel];
            return <Transfer key={channel} type="gamma" amplitude={1} exponent={exponent} offset={0} />;
          })}
        </feComponentTransfer>
      </filter>
    </svg>
  );
}
