/** What is measured, the most important first: the time may run out. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Provider } from './job.ts';

/** @param models folder of model folders */
export function jobsOf(models: string, providers: readonly Provider[], tiny: boolean): Job[] {
  const seconds = tiny ? 0 : 2;
  const cards = providers.filter((provider) => provider !== 'cpu');
  // Elsewhere, ONNX Runtime in Node keeps no tensors on the card.
  const resident = cards.filter((provider) => provider === 'webgpu');
  const training: readonly (readonly [string, number, number])[] = tiny
    ? [['nano-attention', 64, 2]]
    : [
        ['compact-attention', 128, 8],
        ['compact-attention', 128, 32],
        ['compact-attention', 256, 8],
        ['compact-attention', 256, 32],
      ];
  const [first] = training;
  if (first === undefined) return [];
  const [preset, px, batch] = first;
  const small = { preset, px, batch };
  const shipped = existsSync(models)
    ? readdirSync(models).filter((id) => existsSync(join(models, id, 'manifest.json')))
    : [];
  const presets = tiny
    ? ['nano-attention@64']
    : [
        'compact-attention@128',
        'compact-attention@256',
        'resnet50-attention@512',
        'nano-attention@128',
        'compact-aligned@256',
      ];
  // One of each size, and then the others.
  const models1 = ['colon', 'nano'].flatMap((part) => shipped.find((id) => id.startsWith(part)) ?? []);
  const others = shipped.filter((id) => !models1.includes(id));
  const all = tiny ? [...models1, ...presets] : [...models1, ...presets, ...others];
  const inference = (model: string): Job[] =>
    providers.map((provider) => ({
      kind: 'inference',
      model,
      provider,
      batches: tiny ? [1, 2] : provider === 'cpu' && model.includes('resnet') ? [1] : [1, 8, 32],
      seconds: seconds / 2,
    }));
  const step = (
    provider: Provider,
    [id, side, count]: (typeof training)[number],
    resident: boolean,
  ): Job => ({
    kind: 'training',
    preset: id,
    px: side,
    batch: count,
    provider,
    seconds,
    resident,
  });
  return [
    ...providers.map((provider): Job => ({ kind: 'ceiling', provider, seconds: seconds / 4 })),
    ...cards.map((provider): Job => ({ kind: 'agreement', provider, ...small })),
    ...providers.map((provider) => step(provider, first, false)),
    ...resident.map((provider) => step(provider, first, true)),
    ...inference(all[0] ?? preset),
    ...training.slice(1).flatMap((size) => providers.map((provider) => step(provider, size, false))),
    ...cards
      .filter((provider) => provider !== 'cuda-fp32')
      .map((provider): Job => ({ kind: 'placement', provider, ...small })),
    ...all.slice(1, presets.length + 2).flatMap(inference),
    ...training.slice(1).flatMap((size) => resident.map((provider) => step(provider, size, true))),
    ...models1.flatMap((model): Job[] => [
      { kind: 'tfjs', host: 'chromium', model, seconds },
      { kind: 'tfjs', host: 'node', model, seconds },
    ]),
    ...all.slice(presets.length + 2).flatMap(inference),
  ];
}
