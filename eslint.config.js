import globals from 'globals';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** What writes files by names that others can guess, in place, or through links. */
const unsafeWriters = ['writeFile', 'appendFile', 'copyFile', 'rename'];

export default tseslint.config(
  {
    ignores: [
      'dist',
      'build',
      'node_modules',
      'models',
      'public',
      'coverage',
      'test-results',
      'playwright-report',
      'runs',
      '.cache',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An interface with async methods is often met by an implementation that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Reading by index in tight loops over typed arrays is this code base's daily bread.
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
    },
  },
  {
    // React is in the page alone; on other files its compiler's rules would take an eighth of the time for nothing.
    files: ['src/app/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: reactHooks.configs.recommended.rules,
  },
  {
    // What talks to a terminal: command line, benchmarks. Tests may assert non-null on what they just built.
    files: [
      'bench/**',
      'e2e/**',
      '**/*.test.{ts,tsx}',
      '*.config.ts',
      'src/cli/**',
      'scripts/**',
      'studies/**',
    ],
    rules: { 'no-console': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Pixel and byte loops over typed arrays whose bounds were checked before the loop.
    files: [
      'src/slide/**',
      'src/evaluation/distance-transform.ts',
      'src/evaluation/objects.ts',
      'src/segment/blend.ts',
      'src/segment/copy-block.ts',
      'src/phantom/**',
      'src/model/**',
      'src/runtime/*.ts',
      'src/runtime/domain/**',
      'src/runtime/graph/int8.ts',
      'src/runtime/graph/float16.ts',
      'src/runtime/onnx/kernel-layout.ts',
      'src/training/**',
      'src/cli/zoo.ts',
      'src/annotation/**',
      'src/stain/**',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Private means `#private`, and fields are declared where a reader looks for them. A private constructor with a
    // static factory is fine.
    files: ['{src,e2e,studies,bench}/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/parameter-properties': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"], AccessorProperty)[accessibility=/private|protected/]',
          message: 'Write #name instead of a private or protected member.',
        },
      ],
    },
  },
  {
    // Files are written by one module, so that they are complete or absent, and never written through a link.
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*testing.ts', '**/testing/**', 'src/base/*.node.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].flatMap((name) => [
            {
              name,
              importNames: [
                ...unsafeWriters,
                ...unsafeWriters.map((each) => `${each}Sync`),
                'createWriteStream',
              ],
              message: 'Write with src/base/replace-file.node.ts or file-set.node.ts.',
            },
            {
              name,
              importNames: ['mkdir', 'mkdirSync'],
              message: 'Make folders with src/base/make-folder.node.ts: recursive mkdir hangs in /proc.',
            },
          ]),
        },
      ],
    },
  },
  {
    // Text from files reaches a terminal through `src/cli/terminal.ts` only, which encodes it.
    files: ['src/**/*.{ts,tsx}'],
    ignores: [
      '**/*.test.ts',
      '**/*testing.ts',
      '**/*testing.node.ts',
      // Programs that a test starts and listens to.
      'src/base/output-lock-contender.node.ts',
      'src/training/trainer-steps.ts',
      'src/cli/terminal.ts',
    ],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'stdout', message: 'Print through src/cli/terminal.ts.' },
        { object: 'process', property: 'stderr', message: 'Print through src/cli/terminal.ts.' },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-undef': 'error', 'no-unused-vars': 'error', 'prefer-const': 'error', eqeqeq: 'error' },
  },
);
