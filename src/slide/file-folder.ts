/**
 * Slides that are a folder of many small files (tiles, chunks): their files are found by name when they are read, on a server,
 * on disk, or among those that the user chose.
 */
import { abortReason } from '../base/abort.ts';
import { responseBytes } from './limited-response.ts';
import { SlideError, type ByteSource } from './slide.ts';

/** Part of a file: from an offset, or its last bytes. */
export type FilePart = { readonly offset: number; readonly length: number } | { readonly last: number };

export interface ReadOptions {
  readonly part?: FilePart;
  /** Most bytes to read. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FileFolder {
  /** The slide's name, for messages. */
  readonly name: string;
  /**
   * @param path relative to the folder, with slashes.
   * @returns null where there is no such file.
   * @throws SlideError `unsupported` for a longer file, `network`, `no-range`; an AbortError.
   */
  read(path: string, options: ReadOptions): Promise<Uint8Array<ArrayBuffer> | null>;
  close(): void;
}

/** Statuses that servers give for files that they do not have: storage services say "forbidden" to those who may not list. */
const absent: readonly number[] = [403, 404, 410];

/**
 * A folder on a server. Requests go to the folder's own address only, with its query.
 * @param url of the folder, without a slash at its end.
 */
export function urlFolder(url: string, name: string, http: typeof fetch): FileFolder {
  const [, base = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(url) ?? [];
  return {
    name,
    async read(path, { part, maxBytes, signal }) {
      const address = `${base}/${path.split('/').map(encodeURIComponent).join('/')}${query}`;
      let response: Response;
      try {
        response = await http(address, {
          ...(part === undefined ? {} : { headers: { Range: rangeOf(part) } }),
          ...(signal ? { signal } : {}),
        });
      } catch (cause) {
        if (signal?.aborted) throw abortReason(signal);
        if (cause instanceof SlideError) throw cause;
        throw new SlideError('network', name, 'The server cannot be reached.', 'Check the address.', {
          cause,
        });
      }
      if (response.ok && (part === undefined || response.status === 206)) {
        return responseBytes(response, maxBytes, name, { signal });
      }
      await response.body?.cancel();
      if (absent.includes(response.status)) return null;
      if (response.ok) {
        throw new SlideError(
          'no-range',
          name,
          'The server does not send parts of files (HTTP range requests), which this slide needs.',
          'Serve it from a server that does, or open its folder.',
        );
      }
      throw new SlideError(
        'network',
        name,
        `The server answered with status ${response.status}.`,
        'Check the address.',
      );
    },
    close: () => undefined,
  };
}

const rangeOf = (part: FilePart): string =>
  'last' in part ? `bytes=-${part.last}` : `bytes=${part.offset}-${part.offset + part.length - 1}`;

/**
 * A folder of files that were opened, or that can be found beside one of them.
 * @param sources files of the slide. @param mark one of them, whose folder it is.
 */
export function sourceFolder(name: string, sources: readonly ByteSource[], mark: ByteSource): FileFolder {
  const prefix = pathOf(mark).slice(0, pathOf(mark).lastIndexOf('/') + 1);
  const known = new Map(sources.map((source) => [pathOf(source), source]));
  return {
    name,
    async read(path, { part, maxBytes, signal }) {
      const source = known.get(prefix + path);
      const found = source ?? (isWithin(path) ? await mark.beside?.(path) : null);
      if (found == null) return null;
      try {
        const offset =
          part === undefined ? 0 : 'last' in part ? Math.max(0, found.size - part.last) : part.offset;
        const length =
          part === undefined
            ? found.size
            : 'last' in part
              ? found.size - offset
              : Math.min(part.length, found.size);
        if (length > maxBytes) {
          throw new SlideError(
            'unsupported',
            name,
            `Its file ${path} is longer than ${Math.round(maxBytes / 1024)} kB.`,
            'Export it again with smaller tiles.',
          );
        }
        return await found.read(offset, length, signal);
      } finally {
        if (source === undefined) await found.close?.();
      }
    },
    close: () => sources.forEach((source) => void source.close?.()),
  };
}

const pathOf = (source: ByteSource): string => source.path ?? source.name;

/** Whether a path leads nowhere else: names come from files. */
const isWithin = (path: string): boolean =>
  path.split('/').every((name) => name !== '' && name !== '.' && name !== '..') && !/[\\:\0]/.test(path);

/** The address of a folder's files for `folderFetch`; nothing on a network has it. */
export const folderAddress = 'folder:///';

/** A `fetch` of a folder's files, for slides that are read from servers otherwise. */
export function folderFetch(folder: FileFolder, maxBytes: number): typeof fetch {
  return async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const signal = init?.signal ?? undefined;
    const bytes = await folder.read(decodeURI(address.slice(folderAddress.length)), { maxBytes, signal });
    return bytes === null ? new Response(null, { status: 404 }) : new Response(bytes);
  };
}
