import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../runtime/model-files.ts';
import { ModelFolders } from './model-folders.ts';
import type { NamedFile } from './protocol.ts';

const url = 'https://a.test/own/1/';
const shipped = new URL('../../models/nano-single/', import.meta.url);

function open(...files: NamedFile[]): Promise<unknown> {
  const folders = new ModelFolders();
  folders.add(url, files);
  return readManifest('mine', folders.readFile(url));
}

const text = (content: string): Blob => new Blob([content]);

describe('model folder from disk', () => {
  it('reads like a model from a server', async () => {
    const files = readdirSync(shipped).map((name): NamedFile => [
      name,
      new Blob([readFileSync(new URL(name, shipped))]),
    ]);
    expect(await open(...files)).toMatchObject({ id: 'nano-single' });
  });

  it.each<[string, NamedFile[], string]>([
    ['holds no manifest', [['model.json', text('{}')]], 'not-found'],
    ['holds no JSON', [['manifest.json', text('no')]], 'bad-manifest'],
    ['lacks fields', [['manifest.json', text('{"specVersion":1}')]], 'bad-manifest'],
    [
      'would change every object',
      [['manifest.json', text('{"__proto__":{"specVersion":1}}')]],
      'bad-manifest',
    ],
    ['is endless', [['manifest.json', { size: 1e12 } as Blob]], 'too-large'],
  ])('that %s is refused, with what to do', async (_what, files, code) => {
    await expect(open(...files)).rejects.toMatchObject({
      name: 'ModelError',
      code,
      remedy: expect.stringMatching(/\w{5}/) as unknown,
    });
    expect('specVersion' in {}).toBe(false);
  });

  it('rejects paths that leave the folder', async () => {
    const manifest = JSON.parse(readFileSync(new URL('manifest.json', shipped), 'utf8')) as { graph: object };
    const graph = { ...manifest.graph, file: '../../secret.json' };
    const failing = open(['manifest.json', text(JSON.stringify({ ...manifest, graph }))]);
    await expect(failing).rejects.toMatchObject({
      problem: expect.stringContaining('graph.file') as unknown,
    });
  });
});
