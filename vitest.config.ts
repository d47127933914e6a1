import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'studies/**/*.test.ts'],
    // Networks run on wasm here, and CI has two slow cores: these are limits for a hang, not for speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // TF.js keeps its engine and backends in globals of the process.
    pool: 'forks',
    maxWorkers: 2,
  },
});
