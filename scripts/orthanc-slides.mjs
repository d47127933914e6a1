/**
 * Reads DICOM slides from a real Orthanc by DICOMweb and compares their pixels with those of the files. Needs Orthanc and its
 * plug-ins (Debian: `apt-get install orthanc orthanc-dicomweb orthanc-wsi`), no root; without them it prints a message and
 * exits with 0. `OrthancWSIDicomizer` makes a pyramid, too, where it is installed.
 *
 *   node --import tsx scripts/orthanc-slides.mjs [FOLDER…]
 *
 * Each folder holds the files of one series.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, join, resolve } from 'node:path';
import { nodePlatform } from '../src/slide/node-platform.node.ts';
import { openSlideUrl } from '../src/slide/open-slide-url.ts';
import { openSlide } from '../src/slide/open-slide.ts';
import { pathByteSources } from '../src/slide/path-byte-source.node.ts';
import { readRegion } from '../src/slide/region.ts';

const root = resolve(import.meta.dirname, '..');
const plugins = '/usr/share/orthanc/plugins';

/** @param {string} program */
function found(program) {
  const paths = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return paths.map((path) => join(path, program)).find((path) => existsSync(path)) ?? null;
}

const orthanc = found('Orthanc');
if (orthanc === null || !existsSync(join(plugins, 'libOrthancDicomWeb.so'))) {
  console.log('skipped: Orthanc with its DICOMweb plug-in is not installed');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'dualscope-orthanc-'));
const { decoder, ...platform } = nodePlatform();

/** @returns {Promise<number>} a port that is currently free */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

const port = await freePort();
const base = `http://127.0.0.1:${port}`;
const configuration = {
  StorageDirectory: join(folder, 'db'),
  IndexDirectory: join(folder, 'db'),
  HttpPort: port,
  DicomServerEnabled: false,
  RemoteAccessAllowed: false,
  AuthenticationEnabled: false,
  Plugins: [plugins],
  DicomWeb: { Enable: true, Root: '/dicom-web/' },
};
writeFileSync(join(folder, 'orthanc.json'), JSON.stringify(configuration));
const server = spawn(orthanc, [join(folder, 'orthanc.json')], { stdio: 'ignore' });

/** @param {string} path @param {RequestInit} [options] */
const ask = async (path, options) => (await fetch(base + path, options)).json();

async function untilReady() {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await ask('/system').then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('Orthanc does not answer.');
}

/** The files of each series: DICOM goldens that Orthanc can send, the folders given, and a pyramid of Orthanc's own. */
function seriesFolders() {
  const golden = join(root, 'src/slide/golden/dicom');
  // It does not know HTJ2K, and sends deflated files as they are.
  const single = readdirSync(golden).filter((name) => name.endsWith('.dcm') && !/htj2k|deflated/.test(name));
  const folders = single.map((name) => {
    const target = join(folder, name);
    mkdirSync(target);
    copyFileSync(join(golden, name), join(target, name));
    return target;
  });
  const dicomizer = found('OrthancWSIDicomizer');
  if (dicomizer !== null) {
    const target = join(folder, 'pyramid of OrthancWSIDicomizer');
    mkdirSync(target);
    spawnSync(dicomizer, [join(root, 'src/slide/golden/variants/jpeg-ycbcr.tif'), '--folder', target]);
    folders.push(target);
  }
  return [...folders, ...process.argv.slice(2).map((path) => resolve(path))];
}

/** @param {string} files */
async function compare(files) {
  for (const patient of await ask('/patients')) await ask(`/patients/${patient}`, { method: 'DELETE' });
  const paths = readdirSync(files).map((name) => join(files, name));
  for (const path of paths) await ask('/instances', { method: 'POST', body: readFileSync(path) });
  const [series] = await ask('/dicom-web/series');
  const url = `${base}/dicom-web/studies/${series['0020000D'].Value[0]}/series/${series['0020000E'].Value[0]}`;
  const options = { decoder, ...platform };
  const remote = await openSlideUrl(url, options);
  const local = await openSlide(await pathByteSources(paths), options);
  if (JSON.stringify(remote.metadata.levels) !== JSON.stringify(local.metadata.levels))
    throw new Error('other levels');
  for (const [level, { width, height, downsample }] of local.metadata.levels.entries()) {
    const [w, h] = [Math.min(512, width), Math.min(512, height)];
    const rect = { x: 0, y: 0, width: w * downsample, height: h * downsample };
    const [there, here] = await Promise.all(
      [remote, local].map((slide) => readRegion(slide, rect, w, h, { decoder, level })),
    );
    if (!Buffer.from(there?.data ?? []).equals(Buffer.from(here?.data ?? [])))
      throw new Error(`level ${level} differs`);
  }
  remote.close();
  local.close();
  return `${local.metadata.levels.length} levels, ${remote.metadata.compression}`;
}

let failures = 0;
try {
  await untilReady();
  for (const files of seriesFolders()) {
    try {
      console.log(`same pixels   ${basename(files)}: ${await compare(files)}`);
    } catch (error) {
      failures++;
      console.log(`FAILED        ${basename(files)}: ${error instanceof Error ? error.message : error}`);
    }
  }
} finally {
  server.kill();
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;
