/**
 * A slide series on a DICOMweb server (PS3.18): `…/studies/{uid}/series/{uid}`. Metadata as DICOM JSON,
 * frames one by one.
 */
import type { FramePositions } from '../dicom/frame-positions.ts';
import type { DicomInstance } from '../dicom/instance.ts';
import { imageKind, pixelSize, windowEnds } from '../dicom/instance-rules.ts';
import { pathsOf } from '../dicom/optical-paths.ts';
import { renderedFrames, transferSyntax } from '../dicom/transfer-syntax.ts';
import { noProfile } from '../icc.ts';
import { abortReason } from '../../base/abort.ts';
import { responseBytes, responseText } from '../limited-response.ts';
import {
  jsonCost,
  maxChannels,
  maxDicomWebBytes,
  maxFramePixels,
  maxSide,
  maxTileBytes,
  type ByteBudget,
} from '../limits.ts';
import { SlideError } from '../slide.ts';
import { brokenTile } from '../broken-tile.ts';

/** Whether a URL is a series' address. */
export function isDicomWebSeries(url: string): boolean {
  return /\/studies\/[\d.]+\/series\/[\d.]+\/?(?:[?#].*)?$/.test(url);
}

/**
 * The instances of a series, and the server's text about them.
 * @throws SlideError `not-found`, `network`, `corrupt`, `unsupported`.
 */
export async function dicomWebInstances(
  url: string,
  name: string,
  http: typeof fetch,
  budget: ByteBudget,
): Promise<{ readonly instances: DicomInstance[]; readonly text: string }> {
  const series = url.replace(/[?#].*$/, '').replace(/\/$/, '');
  let response: Response;
  try {
    response = await http(`${series}/metadata`, { headers: { Accept: 'application/dicom+json' } });
  } catch (cause) {
    if (cause instanceof SlideError) throw cause;
    throw new SlideError('network', name, 'The DICOMweb server cannot be reached.', 'Check the address.', {
      cause,
    });
  }
  if (!response.ok) {
    const code = response.status === 404 ? 'not-found' : 'network';
    throw new SlideError(
      code,
      name,
      `The DICOMweb server answered with status ${response.status}.`,
      'Check the address.',
    );
  }
  const text = await responseText(response, maxDicomWebBytes, name);
  budget.spend(jsonCost(text), 'metadata');
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw unreadable(name, cause);
  }
  if (!Array.isArray(list)) throw unreadable(name);
  const shared = { series, name, http, budget };
  const found = list.flatMap((data: unknown) => instance(isDataSet(data) ? data : {}, shared) ?? []);
  return { instances: await withSyntaxes(found), text };
}

/** Most instances whose frames are asked for their transfer syntax; those that follow are taken to be like the first. */
const maxProbes = 32;

/** The instances with the transfer syntaxes that the server gives with their first frames, where its metadata lack them. */
function withSyntaxes(instances: readonly WebInstance[]): Promise<DicomInstance[]> {
  return Promise.all(
    instances.map(async (one, i) => {
      let syntax = one.transferSyntax;
      if (syntax === '') {
        const like = i < maxProbes ? one : instances[0]!;
        syntax = (await like.syntaxOfFrame().catch(unlessSignIn)) ?? '';
      }
      if (transferSyntax(syntax) !== null) return { ...one, transferSyntax: syntax };
      // What it can't send, or we can't decode, it may decode itself.
      const rendered =
        i < maxProbes &&
        (await one.rendered(0).then(
          () => true,
          () => false,
        ));
      if (!rendered) return { ...one, transferSyntax: syntax || jpegBaseline };
      const pixels = { samples: 3, bits: 8, bitsStored: 8, photometric: 'RGB', window: null, palette: null };
      return { ...one, ...pixels, transferSyntax: renderedFrames, frame: one.rendered };
    }),
  );
}

/** A frame that can't be read says nothing; a server that wants a token will not give others either. */
function unlessSignIn(error: unknown): null {
  if (error instanceof SlideError && error.code === 'sign-in') throw error;
  return null;
}

const jpegBaseline = '1.2.840.10008.1.2.4.50';

interface WebInstance extends DicomInstance {
  /** What the server says of its first frame; null where it says nothing. @throws SlideError `broken-tile`. */
  readonly syntaxOfFrame: () => Promise<string | null>;
  /** A frame as PNG, decoded by the server (PS3.18, 10.4.1.1.3). @throws SlideError `broken-tile`. */
  readonly rendered: DicomInstance['frame'];
}

function unreadable(name: string, cause?: unknown): SlideError {
  return new SlideError('corrupt', name, 'The server’s metadata cannot be read.', 'Check the address.', {
    cause,
  });
}

/** A data set in DICOM JSON (PS3.18 F.2): attributes by tag. What a server sends is not to be trusted: `values` checks. */
type DataSet = Readonly<Record<string, unknown>>;

const isDataSet = (value: unknown): value is DataSet =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An attribute's values; none where it is absent. */
function values(data: DataSet, key: string): readonly unknown[] {
  const attribute = Object.hasOwn(data, key) ? data[key] : undefined;
  const list = isDataSet(attribute) ? attribute.Value : undefined;
  return Array.isArray(list) ? list : [];
}

/** A value as a number; servers may write it as text. null where there is none. */
function number(data: DataSet, key: string, index = 0): number | null {
  const value = values(data, key)[index];
  const parsed = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
  return Number.isFinite(parsed) ? parsed : null;
}

function text(data: DataSet, key: string, index = 0): string {
  const value = values(data, key)[index];
  return typeof value === 'string' ? value : '';
}

/** The items of a sequence. */
const items = (data: DataSet, key: string): DataSet[] => values(data, key).filter(isDataSet);

interface Series {
  readonly series: string;
  readonly name: string;
  readonly http: typeof fetch;
  readonly budget: ByteBudget;
}

function instance(data: DataSet, { series, name, http, budget }: Series): WebInstance | null {
  const tileWidth = number(data, '00280011') ?? 0;
  const tileHeight = number(data, '00280010') ?? 0;
  const width = number(data, '00480006') ?? tileWidth;
  const height = number(data, '00480007') ?? tileHeight;
  const sop = text(data, '00080018');
  const sides = [tileWidth, tileHeight, width, height];
  const whole = sides.every((side) => Number.isInteger(side) && side > 0 && side < maxSide);
  if (!whole || tileWidth * tileHeight > maxFramePixels || !/^[\d.]+$/.test(sop)) return null;
  const columns = Math.ceil(width / tileWidth);
  // Not by `items`: a frame without a position keeps its number.
  const groups = values(data, '52009230');
  let places: Int32Array | null = null;
  if (text(data, '00209311') !== 'TILED_FULL' && groups.length > 0) {
    budget.spend(groups.length * 2 * Int32Array.BYTES_PER_ELEMENT, 'frame positions');
    places = new Int32Array(groups.length * 2);
    for (const [index, group] of groups.entries()) {
      const position = isDataSet(group) ? items(group, '0048021A')[0] : undefined;
      if (position === undefined) continue;
      places[2 * index] = number(position, '0048021E') ?? 0;
      places[2 * index + 1] = number(position, '0048021F') ?? 0;
    }
  }
  const measuresOf = (holder: unknown): DataSet | undefined =>
    isDataSet(holder) ? items(holder, '00289110').find((one) => number(one, '00280030') !== null) : undefined;
  const measures = measuresOf(items(data, '52009229')[0]) ?? measuresOf(groups[0]);
  const shared = items(data, '52009229')[0];
  const voi = (shared === undefined ? undefined : items(shared, '00289132')[0]) ?? data;
  const opticalPaths = items(data, '00480105');
  const path = opticalPaths[0];
  const scanner = [text(data, '00080070'), text(data, '00081090')]
    .filter((one) => one !== '' && one !== 'Unknown')
    .join(' ');
  const frameUrl = (index: number): string => `${series}/instances/${sop}/frames/${index + 1}`;
  return {
    kind: imageKind(text(data, '00080008', 2).trim(), columns * Math.ceil(height / tileHeight)),
    seriesUid: text(data, '0020000E'),
    // Servers give the syntax in one of these, or only with the frames.
    transferSyntax: text(data, '00083002') || text(data, '00020010'),
    width,
    height,
    tileWidth,
    tileHeight,
    frames: number(data, '00280008') ?? 1,
    frameOffset: number(data, '00209228') ?? 0,
    photometric: text(data, '00280004'),
    samples: number(data, '00280002') ?? 3,
    planar: number(data, '00280006') === 1,
    bits: number(data, '00280100') ?? 8,
    places,
    // Tables of colours are bulk data, which is not fetched: such a slide is refused.
    palette: null,
    ...pathsOf(
      opticalPaths.map((one) => ({ id: text(one, '00480106'), name: text(one, '00480107') })),
      pathIdOf(items(data, '52009229')[0]),
      places === null ? null : framePathsOf(groups),
    ),
    bitsStored: number(data, '00280101') ?? number(data, '00280100') ?? 8,
    signed: number(data, '00280103') === 1,
    concatenation: {
      uid: text(data, '00209161'),
      number: number(data, '00209162') ?? 0,
      count: number(data, '00209163') ?? 0,
    },
    window: windowEnds(number(voi, '00281050'), number(voi, '00281051')),
    focalPlanes: number(data, '00480303') ?? 1,
    mpp: pixelSize(
      measures === undefined
        ? null
        : { y: number(measures, '00280030', 0), x: number(measures, '00280030', 1) },
      { width: number(data, '00480001'), height: number(data, '00480002') },
      { width, height },
    ),
    magnification: path === undefined ? null : number(path, '00480112'),
    scanner: scanner === '' ? null : scanner,
    icc: noProfile,
    properties: { SOPInstanceUID: sop, SeriesInstanceUID: text(data, '0020000E') },
    frame: async (index, signal) => (await fetchFrame(frameUrl(index), name, index, http, signal)).bytes,
    syntaxOfFrame: async () => (await fetchFrame(frameUrl(0), name, 0, http)).syntax,
    rendered: async (index, signal) =>
      (await fetchFrame(`${frameUrl(index)}/rendered`, name, index, http, signal, 'image/png')).bytes,
  };
}

/** The optical path that a functional group names; empty without. */
function pathIdOf(group: unknown): string {
  const identification = isDataSet(group) ? items(group, '00480207')[0] : undefined;
  return identification === undefined ? '' : text(identification, '00480106');
}

function framePathsOf(groups: readonly unknown[]): FramePositions['paths'] {
  const ids: string[] = [];
  const ofFrames = Int16Array.from(groups, (group) => {
    const id = pathIdOf(group);
    if (id !== '' && !ids.includes(id) && ids.length < maxChannels) ids.push(id);
    return ids.indexOf(id);
  });
  return ids.length === 0 ? null : { ids, ofFrames };
}

/** What is not the frame's own fault, or says so already. */
const concernsMore: ReadonlySet<string> = new Set(['broken-tile', 'sign-in']);

async function fetchFrame(
  url: string,
  file: string,
  index: number,
  http: typeof fetch,
  signal?: AbortSignal,
  accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*',
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly syntax: string | null }> {
  const where = `frame ${index}`;
  try {
    const response = await http(url, {
      headers: { Accept: accept },
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw brokenTile(file, where, `The server answered with status ${response.status}.`);
    const body = await responseBytes(response, maxTileBytes, file, { signal });
    const type = response.headers.get('content-type') ?? '';
    const part = type.startsWith('multipart/') ? firstPart(body, type) : body;
    if (part === null) throw brokenTile(file, where, 'The server’s answer cannot be read.');
    const syntax = /transfer-syntax="?([\d.]+)/i.exec(`${type}\n${partHead(body)}`)?.[1] ?? null;
    return { bytes: part, syntax };
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (cause instanceof SlideError && concernsMore.has(cause.code)) throw cause;
    const problem = cause instanceof SlideError ? cause.problem : 'The server cannot be reached.';
    throw brokenTile(file, where, problem, cause);
  }
}

/** The beginning of a multipart body, in which its first part's headers are. */
const partHead = (body: Uint8Array): string => {
  const head = new TextDecoder('latin1').decode(body.subarray(0, 512));
  return head.startsWith('--') || head.startsWith('\r\n--') ? head.split('\r\n\r\n', 1)[0]! : '';
};

/** Content of the first part of a multipart body (RFC 2046). */
export function firstPart(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
): Uint8Array<ArrayBuffer> | null {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  // RFC 2046 allows 70 characters; a longer one could make the search below take hours.
  if (boundary === undefined || boundary.length > 70) return null;
  const encoder = new TextEncoder();
  const start = indexOf(body, encoder.encode(`--${boundary}`), 0);
  if (start < 0) return null;
  const head = indexOf(body, encoder.encode('\r\n\r\n'), start);
  if (head < 0) return null;
  const end = indexOf(body, encoder.encode(`\r\n--${boundary}`), head + 4);
  return body.slice(head + 4, end < 0 ? body.length : end);
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0]!;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let i = 1;
    while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
    if (i === wanted.length) return at;
  }
  return -1;
}
