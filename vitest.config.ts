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

const isLongest = (file: string): boolean => longest.some((ending) => file.endsWith(ending));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((ending) => moduleId.endsWith(ending));
      return place === -1 ? longest.length : place;
    };
    // Those that share a process last, and together: it takes the next file only if that is of its project.
    const place = ({ project }: TestSpecification): number =>
      ['own process', 'networks', 'plain'].indexOf(project.name);
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b) || rank(a) - rank(b));
  }
}

const all = ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'studies/**/*.test.ts'];

/** What changes a process, or measures it: mocks, spies, the environment, memory. */
const changesProcess =
  /\bvi\.(mock|doMock|stub|spyOn|useFake)|\bprocess\.|globalThis|@vitest-environment|child_process|worker_threads|onnxruntime|defineProperty|\.prototype\./;
/** TF.js, and what computes with it. */
const computes = /tensorflow|\/runtime\/|\/training\//;

/**
 * Tests of plain functions, and apart from them those of networks, run in two processes that load each module once: a
 * process for each of these files costs more than their tests. All others have a process each.
 */
const [plain, networks] = [[] as string[], [] as string[]];
for (const entry of readdirSync(join(import.meta.dirname, 'src'), { recursive: true, encoding: 'utf8' })) {
  const file = `src/${entry.replaceAll('\\', '/')}`;
  if (!file.endsWith('.test.ts') || isLongest(file) || file.startsWith('src/cli/')) continue;
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  if (changesProcess.test(text)) continue;
  const isNetwork = /^src\/(model|phantom|runtime|training)\//.test(file) || computes.test(text);
  (isNetwork ? networks : plain).push(file);
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'own process', include: all, exclude: [...plain, ...networks] } },
      { extends: true, test: { name: 'networks', include: networks, isolate: false } },
      { extends: true, test: { name: 'plain', include: plain, isolate: false } },
    ],
    // Component tests ask for a page with `// @vitest-environment jsdom` in their first line.
    environment: 'node',
    setupFiles: ['scripts/typed-array-equality.ts'],
    // Networks run on wasm here, and CI has two slow cores: these are limits for a hang, not for speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // TF.js keeps its engine and backends in globals of the process; a test of networks chooses its own first.
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
