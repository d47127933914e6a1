/**
 * A slide series on a DICOMweb server (PS3.18): `…/studies/{uid}/series/{uid}`. Metadata as DICOM JSON,
 * frames one by one.
 */
import type { DicomInstance } from '../dicom/instance.ts';
import { abortReason } from '../../base/abort.ts';
import { SlideError } from '../slide.ts';
import { brokenTile } from '../broken-tile.ts';

type Json = Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>;

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
): Promise<{ readonly instances: DicomInstance[]; readonly text: string }> {
  const series = url.replace(/[?#].*$/, '').replace(/\/$/, '');
  let response: Response;
  try {
    response = await http(`${series}/metadata`, { headers: { Accept: 'application/dicom+json' } });
  } catch (cause) {
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
  let list: Json[];
  let text: string;
  try {
    text = await response.text();
    list = JSON.parse(text) as Json[];
    if (!Array.isArray(list)) throw new Error('no list');
  } catch (cause) {
    throw new SlideError('corrupt', name, 'The server’s metadata cannot be read.', 'Check the address.', {
      cause,
    });
  }
  return { instances: list.flatMap((data) => instance(data, series, name, http) ?? []), text };
}

function instance(data: Json, series: string, file: string, http: typeof fetch): DicomInstance | null {
  const value = (source: Json, key: string, index = 0): unknown => source[key]?.Value?.[index];
  const number = (source: Json, key: string, index = 0): number | null => {
    const n = Number(value(source, key, index));
    return value(source, key, index) !== undefined && Number.isFinite(n) ? n : null;
  };
  const text = (key: string, index = 0): string => {
    const one = value(data, key, index);
    return typeof one === 'string' ? one : '';
  };
  const items = (source: Json, key: string): Json[] => (source[key]?.Value ?? []) as Json[];
  const tileWidth = number(data, '00280011') ?? 0;
  const tileHeight = number(data, '00280010') ?? 0;
  const width = number(data, '00480006') ?? tileWidth;
  const height = number(data, '00480007') ?? tileHeight;
  const sop = text('00080018');
  if (![tileWidth, tileHeight, width, height].every((n) => n > 0 && n < 2 ** 24) || sop === '') return null;
  const columns = Math.ceil(width / tileWidth);
  const flavour = text('00080008', 2);
  const groups = items(data, '52009230');
  let sparse: Map<number, number> | null = null;
  if (text('00209311') !== 'TILED_FULL' && groups.length > 0) {
    sparse = new Map();
    for (const [index, group] of groups.entries()) {
      const position = items(group, '0048021A')[0];
      const x = position === undefined ? null : number(position, '0048021E');
      const y = position === undefined ? null : number(position, '0048021F');
      if (x === null || y === null) continue;
      const key = Math.floor((y - 1) / tileHeight) * columns + Math.floor((x - 1) / tileWidth);
      if (!sparse.has(key)) sparse.set(key, index);
    }
  }
  const shared = items(data, '52009229')[0];
  const measures = shared === undefined ? undefined : items(shared, '00289110')[0];
  const y = measures === undefined ? null : number(measures, '00280030', 0);
  const x = measures === undefined ? null : number(measures, '00280030', 1);
  const path = items(data, '00480105')[0];
  const scanner = [text('00080070'), text('00081090')].filter(Boolean).join(' ');
  const um = (mm: number): number => Number((mm * 1000).toPrecision(10));
  return {
    kind:
      flavour === 'LABEL'
        ? 'label'
        : flavour === 'OVERVIEW'
          ? 'overview'
          : flavour === 'THUMBNAIL' && columns * Math.ceil(height / tileHeight) === 1
            ? 'thumbnail'
            : 'volume',
    seriesUid: text('0020000E'),
    // Servers give the syntax in one of these; JPEG is requested below in any case.
    transferSyntax: text('00083002') || text('00020010') || '1.2.840.10008.1.2.4.50',
    width,
    height,
    tileWidth,
    tileHeight,
    frames: number(data, '00280008') ?? 1,
    frameOffset: number(data, '00209228') ?? 0,
    photometric: text('00280004'),
    samples: number(data, '00280002') ?? 3,
    planar: number(data, '00280006') === 1,
    bits: number(data, '00280100') ?? 8,
    sparse,
    mpp:
      x !== null && y !== null && x > 0 && y > 0
        ? { x: um(x), y: um(y), source: 'DICOM PixelSpacing' }
        : null,
    magnification: path === undefined ? null : number(path, '00480112'),
    scanner: scanner === '' ? null : scanner,
    icc: null,
    properties: { SOPInstanceUID: sop, SeriesInstanceUID: text('0020000E') },
    frame: (index, signal) =>
      fetchFrame(`${series}/instances/${sop}/frames/${index + 1}`, file, index, http, signal),
  };
}

async function fetchFrame(
  url: string,
  file: string,
  index: number,
  http: typeof fetch,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const where = `frame ${index}`;
  try {
    const response = await http(url, {
      headers: { Accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*' },
      ...(signal ? { signal } : {}),
    });
    if (!response.ok) throw brokenTile(file, where, `The server answered with status ${response.status}.`);
    const body = new Uint8Array(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const part = type.startsWith('multipart/') ? firstPart(body, type) : body;
    if (part === null) throw brokenTile(file, where, 'The server’s answer cannot be read.');
    return part;
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (cause instanceof SlideError) throw cause;
    throw brokenTile(file, where, 'The server cannot be reached.', cause);
  }
}

/** Content of the first part of a multipart body (RFC 2046). */
export function firstPart(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
): Uint8Array<ArrayBuffer> | null {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return null;
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
