import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Component tests ask for a page with `// @vitest-environment jsdom` in their first line.
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'studies/**/*.test.ts'],
    setupFiles: ['scripts/typed-array-equality.ts'],
    // Networks run on wasm here, and CI has two slow cores: these are limits for a hang, not for speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // TF.js keeps its engine and backends in globals of the process.
    pool: 'forks',
    maxWorkers: 2,
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
