/** Model folders that claim much or reach outside: what they may read is settled before anything is read. */
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from './backend.node.ts';
import { altered, fromMemory, smallModel, type ModelFolder } from './graph/testing-models.ts';
import { fromFolder } from './load-model.node.ts';
import { fromUrl, readModelFiles, type ReadFile } from './model-files.ts';
import { ByteBudget } from './model-limits.ts';

let single: ModelFolder;
let folder: string;

beforeAll(async () => {
  await initialiseNodeBackend('wasm');
  single = await smallModel('single');
  folder = await mkdtemp(join(tmpdir(), 'dualscope-model-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Counts what is read. */
function counted(files: ModelFolder): { readonly readFile: ReadFile; readonly names: string[] } {
  const names: string[] = [];
  const inner = fromMemory(files);
  return {
    names,
    readFile: (name, budget) => {
      names.push(name);
      return inner(name, budget);
    },
  };
}

describe('weights', () => {
  it('named 20,000 times are refused before one of them is read', async () => {
    const files = await altered(single, {
      graph: (graph) => {
        const [group] = graph.weightsManifest;
        group!.paths = Array.from({ length: 20_000 }, () => group!.paths[0]!);
      },
    });
    const { readFile, names } = counted(files);
    await expect(readModelFiles('m', readFile)).rejects.toMatchObject({ code: 'bad-graph' });
    expect(names).toEqual(['manifest.json', 'model.json']);
  });

  it('named twice are refused before one of them is read', async () => {
    const files = await altered(single, {
      graph: ({ weightsManifest: [group] }) => void group!.paths.push(group!.paths[0]!),
    });
    const { readFile, names } = counted(files);
    await expect(readModelFiles('m', readFile)).rejects.toThrow(/m\/.*names a file of weights twice/);
    expect(names).toEqual(['manifest.json', 'model.json']);
  });

  it('of other sizes than the shapes need are refused before they are read', async () => {
    const files = await altered(single, {
      manifest: ({ graph }) => void (graph.weightsBytes = 1_999_999_999),
    });
    const { readFile, names } = counted(files);
    await expect(readModelFiles('m', readFile)).rejects.toThrow(/by the graph; the manifest says 1999999999/);
    expect(names).toEqual(['manifest.json', 'model.json']);
  });

  it('that are longer than declared are refused by their size alone', async () => {
    const [shard] = [...single.keys()].filter((name) => name.startsWith('weights-'));
    const huge = { length: 5e9 } as Uint8Array<ArrayBuffer>;
    const files = new Map(single).set(shard!, huge);
    await expect(readModelFiles('m', fromMemory(files))).rejects.toMatchObject({
      code: 'too-large',
      file: `memory/${shard!}`,
    });
  });

  it.each(['..', '.', '../model.json', '/etc/passwd', 'a/b.bin', 'a\\b.bin', 'http://x/y', '.hidden', ''])(
    'can not be called %j',
    async (name) => {
      const graph = await altered(single, {
        graph: ({ weightsManifest: [group] }) => void (group!.paths = [name]),
      });
      await expect(readModelFiles('m', fromMemory(graph))).rejects.toMatchObject({ code: 'bad-graph' });
      const manifest = await altered(single, { manifest: ({ golden }) => void (golden.slice = name) });
      await expect(readModelFiles('m', fromMemory(manifest))).rejects.toMatchObject({ code: 'bad-manifest' });
    },
  );
});

it('reads no more of a file on disk than it may, and nothing that is no file', async () => {
  const readFile = fromFolder(folder);
  await writeFile(join(folder, 'huge.bin'), '');
  // Sparse: takes no room.
  await truncate(join(folder, 'huge.bin'), 50e9);
  await expect(readFile('huge.bin', new ByteBudget(1e6))).rejects.toMatchObject({ code: 'too-large' });
  await symlink('/dev/zero', join(folder, 'endless.bin'));
  await expect(readFile('endless.bin', new ByteBudget(1e6))).rejects.toMatchObject({ code: 'not-found' });
});

it('reads no more from a server than it may, whatever the server says', async () => {
  let sent = 0;
  const server = createServer((_request, response) => {
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(fromUrl(base)('endless.bin', new ByteBudget(1e6))).rejects.toMatchObject({
      code: 'too-large',
      file: `${base}endless.bin`,
    });
    expect(sent).toBeLessThan(50e6);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
