/** The card, its driver, and its single-precision peak. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { Figures } from './job.ts';

/**
 * Single precision without matrix units, TFLOP/s, from the makers' data sheets. The first entry that the card's name contains
 * counts.
 */
const peaks: readonly (readonly [name: string, tflops: number])[] = [
  ['H200', 66.9],
  ['H100 PCIe', 51.2],
  ['H100 NVL', 60],
  ['H100', 66.9],
  ['A100', 19.5],
  ['A10G', 31.2],
  ['A10', 31.2],
  ['A40', 37.4],
  ['L40S', 91.6],
  ['L40', 90.5],
  ['L4', 30.3],
  ['V100', 15.7],
  ['T4', 8.1],
  ['RTX 5090', 104.8],
  ['RTX 4090', 82.6],
  ['RTX 4080', 48.7],
  ['RTX 4070', 29.1],
  ['RTX 3090', 35.6],
  ['RTX 3080', 29.8],
  ['RTX 3070', 20.3],
  ['RTX 3060', 12.7],
];

export interface Card {
  /** null when nvidia-smi is missing. */
  readonly name: string | null;
  /** TFLOP/s; null for a card that is not in the table. */
  readonly peakTflops: number | null;
  readonly details: Figures;
}

export function describeCard(): Card {
  const query = '--query-gpu=name,driver_version,memory.total,clocks.max.sm';
  const name = output('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']);
  const peak = peaks.find(([part]) => name?.includes(part));
  return {
    name,
    peakTflops: peak?.[1] ?? null,
    details: {
      nvidiaSmi: output('nvidia-smi', [query, '--format=csv,noheader']),
      processor: os.cpus()[0]?.model ?? null,
      threads: os.availableParallelism(),
      node: process.version,
      system: `${os.type()} ${os.release()}`,
    },
  };
}

/** What a Vulkan loader would find. */
export function vulkanSurroundings(): Figures {
  const folders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/nvidia/share/vulkan/icd.d'];
  const manifests = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  const libraries = output('/bin/sh', [
    '-c',
    'PATH=$PATH:/sbin:/usr/sbin; ldconfig -p | grep -E "vulkan|GLX_nvidia|libX11.so|libXext"',
  ]);
  return {
    driverFiles: process.env.VK_DRIVER_FILES ?? null,
    libraryPath: process.env.LD_LIBRARY_PATH ?? null,
    manifests,
    libraries: libraries?.split('\n').map((line) => line.trim()) ?? [],
    nvidiaDevices: existsSync('/dev') ? readdirSync('/dev').filter((name) => name.startsWith('nvidia')) : [],
  };
}

function output(command: string, words: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.trim() : null;
}
