/** The session file: reference to the slide, annotations, layers, views and settings. Never the slide itself. */
import { channelViewText, maxViewText } from '../../worker/slide-client.ts';
import { z } from 'zod';
import { hasValidCoordinates } from '../../annotation/annotation-file.ts';
import type { AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { TruthLabel } from '../annotate/annotate-state.ts';
import type { KeptTruth } from '../annotate/annotation-record.ts';
import { viewPlaceSchema } from '../navigate/view-address.ts';
import { mppRange } from '../session/user-mpp.ts';
import { parseJson } from '../state/browser-storage.ts';
import { layerText } from '../state/state.ts';
import type { AppState, OverlaySettings } from '../state/state.ts';
import type { ViewPlace } from '../navigate/view-address.ts';

export const sessionFormat = 'dualscope-session';

const share = z.number().min(0).max(1);
const ring = z.array(z.number());
const region = z
  .object({ id: z.string(), label: z.string(), outer: ring, holes: z.array(ring) })
  .refine(hasValidCoordinates);
/** Absent or invalid fields keep the page's values. */
const overlay = z.object({
  visible: z.boolean().optional().catch(undefined),
  fill: z.boolean().optional().catch(undefined),
  outline: z.boolean().optional().catch(undefined),
  hatch: z.boolean().optional().catch(undefined),
  confidence: z.boolean().optional().catch(undefined),
  fillOpacity: share.optional().catch(undefined),
  outlineOpacity: share.optional().catch(undefined),
  outlineWidth: z.number().min(0.5).max(8).optional().catch(undefined),
  minConfidence: share.optional().catch(undefined),
  palette: z.enum(['colour-blind-safe', 'bach', 'model']).optional().catch(undefined),
  hiddenClasses: z.array(z.number().int().min(0).max(255)).optional().catch(undefined),
});

const slide = z.object({
  fingerprint: z.string(),
  name: z.string(),
  /** For slides opened by URL. */
  url: z.string().nullable(),
  /** µm per pixel, if entered by the user. */
  mpp: z.number().min(mppRange.min).max(mppRange.max).nullable(),
  /** Channel view as text (`channelViewText`), if changed by the user. */
  channels: z.string().max(maxViewText).nullable(),
});
const pane = z.object({ id: z.string(), layer: z.string(), overlay, view: viewPlaceSchema.nullable() });
const link = z.enum(['linked', 'offset', 'free']);
const compare = z.object({
  view: z.enum(['panes', 'swipe', 'difference']),
  second: z.string(),
  divider: z.object({ share, direction: z.enum(['vertical', 'horizontal']) }),
});
const settings = z.object({
  quality: z.enum(['fast', 'standard', 'best']),
  skipGlass: z.boolean(),
  colourProfile: z.boolean(),
});
const truth = z.object({
  source: z.enum(['file', 'drawn']),
  name: z.string(),
  outside: z.enum(['background', 'not-counted']),
  labels: z.array(
    z.object({ label: z.string(), regions: z.number().int().min(0), className: z.string().nullable() }),
  ),
  regions: z.array(region),
});

const maxPanes = 4;

/** A session; its parts are as the page had them. */
export interface SessionFile {
  readonly format: typeof sessionFormat;
  readonly version: 1;
  readonly slide: z.infer<typeof slide>;
  readonly panes: readonly z.infer<typeof pane>[];
  readonly activePane: string;
  readonly link: z.infer<typeof link>;
  readonly compare: z.infer<typeof compare>;
  /** null if the file has none that can be read: the page's stay. */
  readonly settings: z.infer<typeof settings> | null;
  readonly annotations: readonly z.infer<typeof region>[];
  readonly truth: z.infer<typeof truth> | null;
}

/** What a file must have to be a session. Its other parts are read one by one. */
const frame = z.looseObject({
  format: z.literal(sessionFormat),
  version: z.literal(1),
  slide: z.looseObject({ fingerprint: z.string(), name: z.string() }),
});

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
      channels:
        slide.channels === null ? null : channelViewText(slide.channels, slide.metadata.channels ?? []),
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

/** How `ParsedSession.leftOut` names the slide's URL. */
export const slideAddress = 'address of the slide';

export interface ParsedSession {
  readonly session: SessionFile;
  /** Names of the parts that could not be read, and were left out. */
  readonly leftOut: readonly string[];
}

/** Parses a session, without the parts that are invalid; null if the text is not a session of this version. */
export function parseSession(text: string): ParsedSession | null {
  const file = frame.safeParse(parseJson(text)).data;
  if (file === undefined) return null;
  const leftOut: string[] = [];
  const part = <T>(schema: z.ZodType<T>, value: unknown, name: string, fallback: T): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    leftOut.push(name);
    return fallback;
  };
  const list = <T>(
    schema: z.ZodType<T>,
    value: unknown,
    nameOf: (value: unknown, at: number) => string,
  ): T[] =>
    part(z.array(z.unknown()), value, nameOf(null, -1), []).flatMap((each, at) => {
      const parsed = schema.safeParse(each);
      if (parsed.success) return [parsed.data];
      leftOut.push(nameOf(each, at));
      return [];
    });
  const panes = list(pane.extend({ view: z.unknown() }), file.panes, (_, at) =>
    at < 0 ? 'panes' : `pane ${at + 1}`,
  ).map((each) => ({
    ...each,
    view: part(viewPlaceSchema.nullable(), each.view, `view of pane ${each.id}`, null),
  }));
  const ownTruth = z.looseObject({}).safeParse(file.truth).data;
  const regions =
    ownTruth === undefined ? [] : list(region, ownTruth.regions, titleIn('ground truth region'));
  return {
    session: {
      format: sessionFormat,
      version: 1,
      slide: {
        fingerprint: file.slide.fingerprint,
        name: file.slide.name,
        url: part(slide.shape.url.refine(isUrl), file.slide.url, slideAddress, null),
        mpp: part(slide.shape.mpp, file.slide.mpp, 'resolution', null),
        // Absent in older files.
        channels: part(slide.shape.channels, file.slide.channels ?? null, 'channels', null),
      },
      panes: panes.slice(0, maxPanes),
      activePane: part(z.string(), file.activePane, 'active pane', panes[0]?.id ?? ''),
      link: part(link, file.link, 'link of the panes', 'linked'),
      compare: part(compare, file.compare, 'comparison', {
        view: 'panes',
        second: 'none',
        divider: { share: 0.5, direction: 'vertical' },
      }),
      settings: part(settings.nullable(), file.settings, 'settings', null),
      annotations: list(region, file.annotations, titleIn('annotation')),
      truth: part(
        truth.nullable(),
        ownTruth === undefined ? file.truth : { ...ownTruth, regions },
        'ground truth',
        null,
      ),
    },
    leftOut,
  };
}

/** Names a shape by its label or number. */
function titleIn(kind: string): (value: unknown, at: number) => string {
  return (value, at) => {
    if (at < 0) return `${kind}s`;
    const label = z.looseObject({ label: z.string().min(1) }).safeParse(value).data?.label;
    return label === undefined ? `${kind} ${at + 1}` : `${kind} ${at + 1} ("${label}")`;
  };
}

function isUrl(url: string | null): boolean {
  return url === null || URL.canParse(url, 'http://localhost/');
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
