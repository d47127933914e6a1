/**
 * The layering of src/ (docs/architecture.md), checked by `npm run check:layers`. Tests are free to import
 * what they test and what they test it with; they too never import the app from outside it.
 */
const test = '\\.test\\.tsx?$';
const typesOnly = ['type-only', 'type-import'];

/** A folder may import, from src/, `base` and the folders named; of others at most types when `types` says so. */
const layer = (name, allowed, types) => ({
  name: `layer-${name}`,
  comment: `src/${name} imports ${allowed.length > 0 ? allowed.join(', ') : 'nothing else of the project'}${types ? `; types of ${types}` : ''}`,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: test },
  to: {
    path: '^src/',
    pathNot: `^src/(${['base', name, ...allowed].join('|')})/`,
    ...(types ? { dependencyTypesNot: typesOnly } : {}),
  },
});

/** Types that a folder may take from others are limited to these. */
const typesFrom = (name, allowed) => ({
  name: `types-${name}`,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: test },
  to: { path: '^src/', pathNot: `^src/(${['base', name, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      // Vite's `?url` and `?worker` suffixes and virtual modules mean nothing to a resolver of files.
      to: { couldNotResolve: true, pathNot: ['\\?', '^virtual:'] },
    },
    {
      name: 'no-dev-dependency-in-product',
      severity: 'error',
      // Folders named testing hold what only tests import.
      from: { path: '^src/', pathNot: [test, '/testing/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: typesOnly },
    },
    {
      name: 'node-only-where-node-runs',
      comment: 'node:* and sharp belong to training, cli, *.node.ts, tests and tools',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(training|cli)/', '\\.node\\.ts$', test] },
      to: { dependencyTypes: ['core'], dependencyTypesNot: typesOnly },
    },
    {
      name: 'sharp-only-where-node-runs',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(training|cli)/', '\\.node\\.ts$', test] },
      to: {
        path: 'node_modules/(sharp|cli-progress|commander|send|onnxruntime-node)/',
        dependencyTypesNot: typesOnly,
      },
    },
    {
      name: 'node-files-stay-out-of-browser-code',
      comment: 'a *.node.ts file reaches only Node-side code',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(training|cli)/', '\\.node\\.ts$', test] },
      to: { path: '\\.node\\.ts$', dependencyTypesNot: typesOnly },
    },
    layer('base', []),
    layer('model', []),
    layer('runtime', ['model']),
    layer('slide', []),
    layer('segment', ['runtime', 'slide'], 'model'),
    typesFrom('segment', ['runtime', 'slide', 'model']),
    layer('annotation', ['slide']),
    layer('phantom', ['slide', 'annotation']),
    layer('evaluation', [], 'any folder'),
    layer('export', ['slide', 'segment', 'annotation'], 'runtime'),
    typesFrom('export', ['slide', 'segment', 'annotation', 'runtime']),
    layer('objects', ['annotation']),
    layer('cohort', ['evaluation'], 'any folder'),
    layer('project', []),
    layer('stain', ['slide', 'segment', 'annotation', 'export']),
    layer('worker', ['model', 'runtime', 'slide', 'segment', 'annotation', 'evaluation', 'export', 'stain']),
    layer('training', ['model', 'runtime', 'slide', 'segment', 'annotation', 'evaluation', 'phantom']),
    {
      name: 'layer-app',
      comment:
        "src/app reaches the engine only through worker's client; types may come from anywhere, geometry from annotation, objects from objects, figures from evaluation and export, projects from project",
      severity: 'error',
      from: { path: '^src/app/', pathNot: test },
      to: {
        path: '^src/',
        pathNot:
          '^src/(app/|base/|annotation/|objects/|evaluation/|export/|project/|worker/([a-z-]*client|protocol))',
        dependencyTypesNot: typesOnly,
      },
    },
    {
      name: 'nobody-imports-app',
      severity: 'error',
      from: { pathNot: '^src/app/' },
      to: { path: '^src/app/' },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', test] },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
};
