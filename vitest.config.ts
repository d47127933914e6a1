import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest tests, tens of seconds of a core each. They come first, so that none of them is left over on one core. */
const longest = [
  'training/trainer',
  'cli/native-webgpu',
  'cli/train-attack',
  'training/step/training-step',
  'scripts/workflow',
  'cli/segment',
  'cli/merge',
  'cli/segment-attack',
  'native/native-segmenter',
  'cli/existing-results',
  'runtime/shipped-models',
  'graph/read-graph-def',
  'cli/train',
  'training/training-run',
].map((name) => `/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((ending) => moduleId.endsWith(ending));
      return place === -1 ? longest.length : place;
    };
    // Plain ones last, and together: a process takes the next file only if that is plain, too.
    const isPlain = ({ project }: TestSpecification): number => (project.name === 'plain' ? 1 : 0);
    return (await super.sort(files)).toSorted((a, b) => isPlain(a) - isPlain(b) || rank(a) - rank(b));
  }
}

const all = ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'studies/**/*.test.ts'];

/** What changes a process, or measures it: mocks, spies, the environment, memory, TF.js and what computes with it. */
const changesProcess =
  /\bvi\.(mock|doMock|stub|spyOn|useFake)|\bprocess\.|globalThis|@vitest-environment|child_process|worker_threads|tensorflow|onnxruntime|\/runtime\/|\/training\/|defineProperty|\.prototype\./;

/**
 * Tests of plain functions run in two processes that load each module once: a process for each of these files costs
 * more than their tests. All others have a process each.
 */
const plain = ['annotation', 'app', 'base', 'cohort', 'evaluation', 'export', 'segment', 'slide', 'worker']
  .flatMap((folder) =>
    readdirSync(join(import.meta.dirname, 'src', folder), { recursive: true, encoding: 'utf8' }).map(
      (file) => `src/${folder}/${file.replaceAll('\\', '/')}`,
    ),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => !changesProcess.test(readFileSync(join(import.meta.dirname, file), 'utf8')));

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'own process', include: all, exclude: plain } },
      { extends: true, test: { name: 'plain', include: plain, isolate: false } },
    ],
    // Component tests ask for a page with `// @vitest-environment jsdom` in their first line.
    environment: 'node',
    setupFiles: ['scripts/typed-array-equality.ts'],
    // Networks run on wasm here, and CI has two slow cores: these are limits for a hang, not for speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // TF.js keeps its engine and backends in globals of the process.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // On with `--coverage`. Printed for orientation; no thresholds, which would reward tests that assert nothing.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/**/*.test.{ts,tsx}', 'src/**/*testing*.{ts,tsx}'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'test-results/coverage',
      // A failed test does not hide what the others cover.
      reportOnFailure: true,
    },
  },
});
