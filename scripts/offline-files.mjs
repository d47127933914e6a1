/** Writes the service worker of a build: fills the list of files and a version into its source. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * Files below a folder, relative to it, with slashes.
 * @param {string} folder @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => relative(folder, join(folder, name)).split(sep).join('/'))
    .sort();
}

/** Models up to this size are cached on the first visit, larger ones on first use. */
const SMALL_MODEL_BYTES = 4 * 1024 * 1024;

/**
 * The weights of large models in a build.
 * @param {string} outDir @param {readonly string[]} files @returns {Set<string>}
 */
function largeWeights(outDir, files) {
  /** @type {Map<string, number>} */
  const bytes = new Map();
  /** @param {string} name */
  const modelOf = (name) => /^models\/[^/]+\//.exec(name)?.[0] ?? '';
  for (const name of files) {
    bytes.set(modelOf(name), (bytes.get(modelOf(name)) ?? 0) + statSync(join(outDir, name)).size);
  }
  return new Set(
    files.filter(
      (name) =>
        name.endsWith('.bin') && (bytes.get(modelOf(name)) ?? 0) > SMALL_MODEL_BYTES && modelOf(name) !== '',
    ),
  );
}

/** Tells the page which files are kept on first use, and their bytes. */
const listName = 'offline.json';
/** What this writes itself. */
const own = new Set(['sw.js', listName]);

/**
 * Writes `sw.js` into a finished build, and `offline.json` if large models are kept on first use only.
 * @param {string} outDir the build
 * @param {string} source path of the service worker's source
 */
export function writeServiceWorker(outDir, source) {
  const found = filesBelow(outDir).filter((name) => !own.has(name) && !name.endsWith('.map'));
  const later = largeWeights(outDir, found);
  const files = later.size === 0 ? found : [...found, listName].sort();
  if (later.size > 0) {
    const bytes = [...later].map((name) => [name, statSync(join(outDir, name)).size]);
    writeFileSync(join(outDir, listName), JSON.stringify({ later: Object.fromEntries(bytes) }));
  }
  const hash = createHash('sha256');
  for (const name of files) hash.update(name).update(readFileSync(join(outDir, name)));
  // The page itself is requested as the folder.
  const kept = ['./', ...files.filter((name) => !later.has(name)).map((name) => `./${name}`)];
  const text = readFileSync(source, 'utf8')
    .replace('__VERSION__', hash.digest('hex').slice(0, 16))
    .replace("'__FILES__'", () => JSON.stringify(JSON.stringify(kept)));
  writeFileSync(join(outDir, 'sw.js'), text);
}
