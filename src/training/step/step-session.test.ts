import { expect, it } from 'vitest';
import { presetById } from '../../model/presets.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { trainingStep } from './training-step.ts';

it('says what to do about a card that does not start', async () => {
  const preset = { ...presetById('nano-single'), slicePx: 32 };
  const config = { seed: 1, batchNorm: 'frozen', contextLoss: 0 } as const;
  const optimiser = { learningRate: 1, warmup: 0, weightDecay: 0 };
  const step = trainingStep(preset, { ...config, optimiser }, 1, { kind: 'gradient' }, 'cuda');
  // The package of ONNX Runtime has no CUDA library.
  await expect(StepSession.open(await loadOrt(), step, { provider: 'cuda' })).rejects.toMatchObject({
    code: 'backend',
    problem: expect.stringContaining('CUDA does not start') as string,
    remedy: expect.stringContaining('--backend cpu') as string,
  });
});
