/** SwiftShader, the software driver for Vulkan that Chromium brings along: WebGPU without a graphics card. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findChromium } from '../../../scripts/chromium.mjs';

/**
 * The environment of a process in which ONNX Runtime's WebGPU finds SwiftShader; null, with a message, where it is not
 * installed. Its variables are read when the libraries are loaded: only a new process sees them.
 * @param what is not tested then
 */
export function swiftShaderEnvironment(what: string): NodeJS.ProcessEnv | null {
  const folder = process.platform === 'linux' ? swiftShaderFolder() : null;
  if (folder === null) {
    process.stderr.write(`${what} was not tested: Chromium’s Vulkan driver was not found.\n`);
    return null;
  }
  return {
    ...process.env,
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: folder,
  };
}

/** Chromium's folder with SwiftShader's driver; Debian's program is a script elsewhere. */
function swiftShaderFolder(): string | null {
  const chromium = findChromium();
  const folders = [...(chromium === null ? [] : [dirname(realpathSync(chromium))]), '/usr/lib/chromium'];
  const found = folders.find(
    (folder) =>
      existsSync(join(folder, 'vk_swiftshader_icd.json')) && existsSync(join(folder, 'libvulkan.so.1')),
  );
  return found ?? null;
}
