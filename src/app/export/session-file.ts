/** The session file: reference to the slide, annotations, layers, views and settings. Never the slide itself. */
import { z } from 'zod';
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { TruthLabel } from '../annotate/annotate-state.ts';
import type { KeptTruth } from '../annotate/annotation-record.ts';
import { layerText } from '../state/state.ts';
import type { AppState, OverlaySettings } from '../state/state.ts';
import type { ViewPlace } from '../navigate/view-address.ts';

export const sessionFormat = 'dualscope-session';

const finite = z.number().refine(Number.isFinite);
const share = finite.min(0).max(1);
const ring = z.array(finite);
const region = z.object({ id: z.string(), label: z.string(), outer: ring, holes: z.array(ring) });
const place = z.object({
  x: finite,
  y: finite,
  scale: finite.positive(),
  rotation: finite,
  flip: z.boolean(),
});
/** Absent or invalid fields keep the page's values. */
const overlay = z.object({
  visible: z.boolean().optional().catch(undefined),
  fill: z.boolean().optional().catch(undefined),
  outline: z.boolean().optional().catch(undefined),
  hatch: z.boolean().optional().catch(undefined),
  confidence: z.boolean().optional().catch(undefined),
  fillOpacity: share.optional().catch(undefined),
  outlineOpacity: share.optional().catch(undefined),
  outlineWidth: finite.min(0.5).max(8).optional().catch(undefined),
  minConfidence: share.optional().catch(undefined),
  palette: z.enum(['colour-blind-safe', 'bach', 'model']).optional().catch(undefined),
  hiddenClasses: z.array(z.number().int().min(0).max(255)).optional().catch(undefined),
});

const sessionSchema = z.object({
  format: z.literal(sessionFormat),
  version: z.literal(1),
  slide: z.object({
    fingerprint: z.string(),
    name: z.string(),
    /** For slides opened by URL. */
    url: z.string().nullable(),
    /** µm per pixel, if entered by the user. */
    mpp: finite.positive().nullable(),
  }),
  panes: z
    .array(z.object({ id: z.string(), layer: z.string(), overlay, view: place.nullable() }))
    .min(1)
    .max(4),
  activePane: z.string(),
  link: z.enum(['linked', 'offset', 'free']),
  compare: z.object({
    view: z.enum(['panes', 'swipe', 'difference']),
    second: z.string(),
    divider: z.object({ share, direction: z.enum(['vertical', 'horizontal']) }),
  }),
  settings: z.object({
    quality: z.enum(['fast', 'standard', 'best']),
    skipGlass: z.boolean(),
    colourProfile: z.boolean(),
  }),
  annotations: z.array(region),
  truth: z
    .object({
      source: z.enum(['file', 'drawn']),
      name: z.string(),
      outside: z.enum(['background', 'not-counted']),
      labels: z.array(z.object({ label: z.string(), regions: z.number(), className: z.string().nullable() })),
      regions: z.array(region),
    })
    .nullable(),
});

export type SessionFile = z.infer<typeof sessionSchema>;

/** Parts of a session that are not in the app state. */
export interface SessionExtras {
  readonly places: ReadonlyMap<string, ViewPlace>;
  readonly truth: KeptTruth | null;
}

/** The session as text; null while no slide is open. */
export function sessionText(state: AppState, { places, truth }: SessionExtras): string | null {
  const { slide, preferences, compare } = state;
  if (slide === null) return null;
  const { annotate } = slide;
  const { input } = slide.choice;
  const plain = ({ id, label, outer, holes }: AnnotatedRegion): SessionFile['annotations'][number] => ({
    id,
    label,
    outer: Array.from(outer),
    holes: holes.map((hole) => Array.from(hole)),
  });
  const session: SessionFile = {
    format: sessionFormat,
    version: 1,
    slide: {
      fingerprint: slide.metadata.fingerprint,
      name: slide.metadata.name,
      url: input.kind === 'url' ? input.url : null,
      mpp: slide.userMpp?.x ?? null,
    },
    panes: state.panes.map((pane) => ({
      id: pane.id,
      layer: layerText(pane.layer),
      overlay: overlay.parse(pane.overlay),
      view: places.get(pane.id) ?? null,
    })),
    activePane: state.activePane,
    link: state.link,
    compare: { ...compare, second: layerText(compare.second) },
    settings: {
      quality: preferences.quality,
      skipGlass: preferences.skipGlass,
      colourProfile: preferences.colourProfile,
    },
    annotations: annotate.annotations.map(({ id, label, outer, holes }) => ({
      id,
      label,
      outer: [...outer],
      holes: holes.map((hole) => [...hole]),
    })),
    truth:
      truth === null
        ? null
        : {
            source: truth.source,
            name: truth.name,
            outside: truth.outside,
            labels: (annotate.truth?.labels ?? []).map((label) => ({ ...label })),
            regions: truth.regions.map(plain),
          },
  };
  return `${JSON.stringify(session)}\n`;
}

/** Parses a session; null if the text is not a valid one. */
export function parseSession(text: string): SessionFile | null {
  try {
    const parsed = sessionSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The ground truth of a session, for the annotation session. */
export function truthOf({
  truth,
}: SessionFile): (KeptTruth & { readonly labels: readonly TruthLabel[] }) | null {
  if (truth === null) return null;
  const regions = truth.regions.map(({ id, label, outer, holes }) => ({
    id,
    label,
    colour: null,
    outer: Float64Array.from(outer),
    holes: holes.map((hole) => Float64Array.from(hole)),
  }));
  return { ...truth, regions };
}

/** The overlay settings that the file states for a pane. */
export function overlayOf(pane: SessionFile['panes'][number]): Partial<OverlaySettings> {
  const entries = Object.entries(pane.overlay).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}
