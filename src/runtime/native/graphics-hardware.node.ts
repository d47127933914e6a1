/**
 * Looks for a graphics card without loading a driver. ONNX Runtime does not say which adapter its WebGPU provider found,
 * and on a machine without a card that may be a software one, many times slower than the processor.
 */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import { basename, join } from 'node:path';
import { isSoftwareRenderer } from '../backend.ts';

export interface GraphicsHardware {
  /** For display: the kernel driver or the platform's name for it. */
  readonly name: string;
  readonly nvidia: boolean;
}

/** Kernel drivers of virtual displays, which compute nothing. */
const virtualDrivers = new Set([
  'ast',
  'bochs',
  'bochs-drm',
  'cirrus',
  'hyperv_drm',
  'mgag200',
  'simple-framebuffer',
  'vboxvideo',
  'vgem',
  'virtio-pci',
  'virtio_gpu',
  'vkms',
  'vmwgfx',
]);

export interface HardwarePlace {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The root of the file system. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const here: HardwarePlace = { platform: os.platform(), arch: os.arch(), root: '/', env: process.env };

/** @returns null when there is no graphics card, or this process is told to use a software driver. */
export function findGraphicsHardware(place: HardwarePlace = here): GraphicsHardware | null {
  const { platform, arch, env } = place;
  if (platform === 'darwin') {
    return { name: arch === 'arm64' ? 'Apple GPU' : 'Metal GPU', nvidia: false };
  }
  // Windows always has an adapter; whether it is a fast one, only a measurement shows.
  if (platform === 'win32') return { name: 'Direct3D 12 adapter', nvidia: false };
  if (platform !== 'linux') return null;
  const nvidia = existsSync(join(place.root, 'dev/nvidiactl'));
  const drivers = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES ?? '';
  if (drivers !== '' && drivers.split(':').every(isSoftwareDriver)) return null;
  if (nvidia) return { name: 'NVIDIA', nvidia };
  const driver = renderDrivers(place.root).find((name) => !virtualDrivers.has(name));
  return driver === undefined ? null : { name: driver, nvidia };
}

/** @param file a Vulkan driver's manifest, such as `lvp_icd.x86_64.json`. */
function isSoftwareDriver(file: string): boolean {
  const name = basename(file);
  return name.startsWith('lvp_') || isSoftwareRenderer(name);
}

/** Kernel drivers of the render nodes that this process can open. */
function renderDrivers(root: string): string[] {
  const nodes = list(join(root, 'dev/dri')).filter((name) => name.startsWith('renderD'));
  return nodes.flatMap((node) => {
    try {
      return [basename(readlinkSync(join(root, 'sys/class/drm', node, 'device/driver')))];
    } catch {
      return [];
    }
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
